/** Command lines of the pages: whether every command, option, script and file of them is there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { ROOT } from "./pages.ts";

const scriptsOf = (path: string): string[] =>
  Object.keys(JSON.parse(readFileSync(join(ROOT, path), "utf8")).scripts);
const SCRIPTS = scriptsOf("package.json");
const PROJECT_SCRIPTS = scriptsOf("templates/operator-job/package.json.template");

/** Marks where output is written to: no command. */
const TARGET = ">";

/** The words of each command of a line, comments left out. */
export function commandsOf(line: string): string[][] {
  const commands: string[][] = [[]];
  const tokens = line.matchAll(
    /"(?:[^"\\]|\\.)*"|'[^']*'|\$\([^)]*\)|<\([^)]*\)|&&|[|>]|[^\s|>"']+|\s#.*$|^#.*$/g,
  );
  for (const [token] of tokens) {
    if (/^\s*#/.test(token)) break;
    if (["&&", "|", ">"].includes(token)) commands.push(token === ">" ? [TARGET] : []);
    else commands.at(-1)!.push(token);
  }
  return commands.filter(([name]) => name !== undefined && name !== TARGET);
}

/** What is wrong with a command; undefined: nothing. */
export function problemOf(words: readonly string[], program: Command): string | undefined {
  const [name, ...rest] = words;
  switch (name) {
    case "millrace":
      return cliProblem(rest, program);
    case "npx":
      return npxProblem(rest, program);
    case "npm":
      return npmProblem(rest, program);
    case "node":
    case "cp":
      return missing(rest.filter((word) => !word.startsWith("-"))[0]);
    case "mill": // The alias of docs/rest.md; rest-reference.test.ts sends these.
    case "cd":
    case "export":
    case "alias":
    case "jq":
    case "source":
      return undefined;
    default:
      return `no check knows the command ${name}`;
  }
}

function npxProblem([tool, ...rest]: readonly string[], program: Command): string | undefined {
  if (tool === "millrace") return cliProblem(rest, program);
  const file = rest.findIndex((word) => !word.startsWith("-") && word !== "run");
  if (tool === "vitest") return missing(rest[file]);
  if (tool !== "deno") return `no check knows npx ${tool}`;
  return missing(rest[file]) ?? cliProblem(rest.slice(file + 1), program);
}

function npmProblem([verb, ...rest]: readonly string[], program: Command): string | undefined {
  if (verb === "install" || verb === "test" || verb === "pack") return undefined;
  const [script, dashes, ...args] = rest;
  if (verb !== "run" || script === undefined) return `no check knows npm ${verb}`;
  if (script === "millrace") return dashes === "--" ? cliProblem(args, program) : "no -- behind it";
  const known = SCRIPTS.includes(script) || PROJECT_SCRIPTS.includes(script);
  return known ? undefined : `no script ${script}`;
}

function missing(path: string | undefined): string | undefined {
  return path !== undefined && existsSync(join(ROOT, path)) ? undefined : `no file ${path}`;
}

/** Against commander's own description of the command. */
function cliProblem([name, ...rest]: readonly string[], program: Command): string | undefined {
  if (name === "--help" || name === "--version") return undefined;
  const command = program.commands.find((one) => one.name() === name);
  if (command === undefined) return `no command millrace ${name}`;
  let given = 0;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!;
    if (!/^--?[a-z]/.test(word)) {
      given++;
      continue;
    }
    const option = command.options.find(({ long, short }) => long === word || short === word);
    if (option === undefined) return `millrace ${name} has no option ${word}`;
    if (option.required && rest[++i] === undefined) return `${word} without a value`;
  }
  const taken = command.registeredArguments;
  const needed = taken.filter((argument) => argument.required).length;
  if (given < needed) return `millrace ${name} needs ${needed} arguments`;
  const most = taken.some((argument) => argument.variadic) ? Infinity : taken.length;
  return given > most ? `millrace ${name} takes ${most} arguments` : undefined;
}
