/** The reference of the command line (docs/cli.md), from commander's own tree. */
import type { EventEmitter } from "node:events";
import type { Command } from "commander";
import { EXIT_CODES } from "./program.ts";

const INTRODUCTION = `# The command line

Written by \`npm run docs:cli\` from the commands themselves; a test holds that it is current.

Every command has \`--help\`. Those that print a result have \`--json\`: one JSON value on standard output, or an object a
line where there are several; an error is \`{"errors": [{"code", "message", "field", "value", "expected"}]}\`. Colours are for
terminals only, and never with \`NO_COLOR\` set.
`;

const ENVIRONMENT = `## Environment

| variable | meaning |
| --- | --- |
| \`MILLRACE_URL\` | address of the JobManager, where \`--url\` is not given |
| \`MILLRACE_TOKEN\` | client token, where \`--token\` is not given |
| \`MILLRACE_WORKER_TOKEN\` | worker token of \`taskmanager\`, where \`--token\` is not given |
| \`MILLRACE_HOME\` | folder of a JobManager's tokens, bundles and logs; default \`~/.millrace\` |
| \`NO_COLOR\` | no colours |
`;

/** @param program as createProgram() makes it */
export function cliReference(program: Command): string {
  const codes = EXIT_CODES.map(([code, meaning]) => `| ${code} | ${meaning} |`);
  const contents = program.commands.map(
    (command) =>
      `- [\`millrace ${command.name()}\`](#millrace-${command.name()}): ${command.description()}`,
  );
  return [
    INTRODUCTION,
    contents.join("\n"),
    `\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n${codes.join("\n")}\n`,
    ENVIRONMENT,
    ...program.commands.map(commandSection),
  ].join("\n");
}

function commandSection(command: Command): string {
  const help = command.createHelp();
  const lines = [`## millrace ${command.name()}`, "", `${sentence(command.description())}`, ""];
  lines.push("```sh", `millrace ${command.name()} ${usage(command)}`.trimEnd(), "```", "");
  const rows = [
    ...help.visibleArguments(command).map((a) => [`\`${argumentText(a)}\``, a.description]),
    ...help
      .visibleOptions(command)
      .filter((option) => option.long !== "--help")
      .map((option) => [`\`${option.flags}\``, option.description + defaultText(option)]),
  ];
  if (rows.length > 0) {
    const cells = rows.map((row) => `| ${row.map((text) => cell(text ?? "")).join(" | ")} |`);
    lines.push("| argument or option | meaning |", "| --- | --- |", ...cells, "");
  }
  const more = moreHelp(command);
  if (more !== "") lines.push("```text", more, "```", "");
  return lines.join("\n");
}

/** The texts of addHelpText, which commander only hands to a listener. */
function moreHelp(command: Command): string {
  const written: string[] = [];
  const event = { error: false, command, write: (text: string) => written.push(text) };
  // Commander's types do not say that a command is an emitter; that is how addHelpText works.
  (command as unknown as EventEmitter).emit("afterHelp", event);
  return written.join("").trim();
}

function usage(command: Command): string {
  const words = command.registeredArguments.map((argument) => argumentText(argument));
  return ["[options]", ...words].join(" ");
}

function argumentText(argument: {
  readonly required: boolean;
  readonly variadic: boolean;
  name(): string;
}): string {
  const name = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? `<${name}>` : `[${name}]`;
}

function defaultText(option: {
  readonly defaultValue?: unknown;
  readonly negate: boolean;
}): string {
  const { defaultValue, negate } = option;
  if (defaultValue === undefined || negate || typeof defaultValue === "boolean") return "";
  if (Array.isArray(defaultValue)) return "";
  return ` (default: ${portable(String(defaultValue))})`;
}

/** Without what is different on another machine. */
function portable(text: string): string {
  if (text === (process.env.MILLRACE_URL ?? "")) return "$MILLRACE_URL";
  return /[/\\]\.millrace$/.test(text) || text === process.env.MILLRACE_HOME ? "~/.millrace" : text;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/(?<!`[^`]*)</g, "\\<");
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
