// completion: a script for bash, zsh or fish that completes commands, their flags and the bundled recipes. It is made
// from the commands themselves, so it cannot fall behind them.

import { readdirSync } from "node:fs";
import type { Command } from "commander";
import { RECIPES } from "../run/recipe.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export function completionCommand(shell: string, program: Command): void {
  const recipes = readdirSync(RECIPES).filter((name) => name.endsWith(".toml")).map((name) =>
    name.slice(0, -5)
  );
  const verbs = program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    flags: ["--help", ...command.options.map((option) => option.long ?? "")].filter((flag) => flag !== ""),
    words: command.registeredArguments.some((argument) => argument.name() === "recipe") ? recipes.sort() : [],
  }));
  if (shell === "fish") console.log(fish(verbs));
  else if (shell === "bash" || shell === "zsh") console.log(bash(verbs, shell));
  else throw new TypeError(`Cannot complete for ${shell}: the shell must be ${SHELLS.join(", ")}`);
}

interface Verb {
  name: string;
  description: string;
  flags: string[];
  words: string[];
}

/** zsh takes bash's completions once its own are on. */
const ZSH = `(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
autoload -Uz +X bashcompinit && bashcompinit
`;

function bash(verbs: readonly Verb[], shell: "bash" | "zsh"): string {
  const cases = verbs.map(({ name, flags, words }) =>
    `    ${name}) words="${[...flags, ...words].join(" ")}" ;;`
  );
  return `# ghpo: ${shell} completion.  eval "$(npm run -s ghpo -- completion ${shell})"
# It also defines ghpo as a short name for npm run -s ghpo --.
${shell === "zsh" ? ZSH : ""}ghpo() { npm run -s ghpo -- "$@"; }
_ghpo() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="${verbs.map(({ name }) => name).join(" ")}" ;;
  esac
  [ "$COMP_CWORD" = 1 ] && words="${verbs.map(({ name }) => name).join(" ")}"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ghpo ghpo`;
}

function fish(verbs: readonly Verb[]): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = verbs.flatMap(({ name, description, flags, words }) => {
    const here = `complete -c ghpo -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c ghpo -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
      ...flags.map((flag) => `${here} -l ${flag.slice(2)}`),
      ...(words.length > 0 ? [`${here} -a ${quoted(words.join(" "))}`] : []),
    ];
  });
  return [
    "# ghpo: fish completion.  npm run -s ghpo -- completion fish | source",
    "function ghpo; npm run -s ghpo -- $argv; end",
    ...lines,
  ].join("\n");
}
