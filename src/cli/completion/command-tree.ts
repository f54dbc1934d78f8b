/** The commands as completion and the reference see them: read from commander's own tree. */
import type { Command, Option } from "commander";

export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionEntry[];
  /** What a word that is no option may be. */
  readonly words: readonly string[] | "files" | "none";
}

export interface OptionEntry {
  /** `-o`, `--out`. */
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
}

/** Commands of a program in the order of its help. */
export function commandTree(program: Command): CommandEntry[] {
  return program.commands.map((command) => {
    const [first] = command.registeredArguments;
    const choices = first?.argChoices;
    return {
      name: command.name(),
      description: command.description(),
      options: [...command.options.map(optionEntry), HELP],
      words: choices ?? (first === undefined ? "none" : "files"),
    };
  });
}

const HELP: OptionEntry = {
  names: ["-h", "--help"],
  description: "display help for command",
  takesValue: false,
};

function optionEntry(option: Option): OptionEntry {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  return { names, description: option.description, takesValue: option.required || option.optional };
}
