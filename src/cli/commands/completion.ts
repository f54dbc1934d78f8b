/** `millrace completion`: scripts for the shells. */
import { Argument, type Command } from "commander";
import { commandTree } from "../completion/command-tree.ts";
import { bashScript, zshScript } from "../completion/shell-scripts.ts";

export function registerCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a script that completes commands, options and files in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh"]))
    .option("--json", "print the script as a JSON string")
    .addHelpText(
      "after",
      `
Examples:
  source <(millrace completion bash)                          now, or in ~/.bashrc
  millrace completion zsh > "\${fpath[1]}/_millrace"           for zsh`,
    )
    .action((shell: string, flags: { readonly json?: boolean }) => {
      const commands = commandTree(program);
      const script = shell === "bash" ? bashScript(commands) : zshScript(commands);
      if (flags.json === true) console.log(JSON.stringify({ shell, script }));
      else process.stdout.write(script);
    });
}
