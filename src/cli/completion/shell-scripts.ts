/** Completion scripts, whole: they call nothing, so a press of Tab costs no start of Node. */
import type { CommandEntry, OptionEntry } from "./command-tree.ts";

/** For `source <(millrace completion bash)`. */
export function bashScript(commands: readonly CommandEntry[]): string {
  const cases = commands.map((command) => {
    const options = command.options.flatMap((option) => option.names).join(" ");
    const values = command.options.filter((option) => option.takesValue);
    const taking = values.flatMap((option) => option.names).join("|");
    const file = 'COMPREPLY=( $(compgen -f -- "$word") )';
    const words =
      command.words === "files"
        ? file
        : `COMPREPLY=( $(compgen -W "${command.words === "none" ? "" : command.words.join(" ")}" -- "$word") )`;
    return [
      `    ${command.name})`,
      ...(taking === "" ? [] : [`      case "$before" in ${taking}) ${file}; return ;; esac`]),
      `      if [[ $word == -* ]]; then COMPREPLY=( $(compgen -W "${options}" -- "$word") )`,
      `      else ${words}; fi ;;`,
    ].join("\n");
  });
  const names = commands.map((command) => command.name).join(" ");
  return `# bash completion of millrace: source <(millrace completion bash)
_millrace() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=( $(compgen -W "${names} --help --version" -- "$word") )
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
}
complete -o filenames -F _millrace millrace
`;
}

/** For a file \`_millrace\` in \`$fpath\`, or \`source <(millrace completion zsh)\`. */
export function zshScript(commands: readonly CommandEntry[]): string {
  const described = commands.map(
    ({ name, description }) => `    ${quoted(`${name}:${description}`)}`,
  );
  const cases = commands.map((command) => {
    const specs = command.options.map(zshOption);
    if (command.words === "files") specs.push("'*:file:_files'");
    else if (command.words !== "none") specs.push(`'1:word:(${command.words.join(" ")})'`);
    return `    ${command.name})\n      _arguments \\\n        ${specs.join(" \\\n        ")} ;;`;
  });
  return `#compdef millrace
# zsh completion of millrace: source <(millrace completion zsh)
_millrace() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands 'millrace command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _millrace ]]; then _millrace "$@"; else compdef _millrace millrace; fi
`;
}

function zshOption({ names, description, takesValue }: OptionEntry): string {
  const text = `[${description.replace(/[[\]]/g, "\\$&")}]${takesValue ? ":value:_files" : ""}`;
  if (names.length === 1) return quoted(`${names[0]}${text}`);
  return `${quoted(`(${names.join(" ")})`)}{${names.join(",")}}${quoted(text)}`;
}

/** A word of the shell; a colon in a description would end it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
