// `homeostat completion`: what a shell needs to complete our commands, and the answers it asks for.
import type { Command } from "commander";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { StateView } from "../../protocol/api.ts";
import { either, quote } from "../../wiring/words.ts";
import { candidates, type Known } from "../candidates.ts";
import { connect, type GlobalOptions, whereIs } from "../context.ts";

/** Each asks this program, so that no list of commands grows old in a file. */
const scripts: Readonly<Record<string, string>> = {
  bash: `# eval "$(homeostat completion bash)" in ~/.bashrc
_homeostat() {
  local IFS=$'\\n'
  COMPREPLY=($(homeostat __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _homeostat homeostat
`,
  zsh: `#compdef homeostat
# eval "$(homeostat completion zsh)" in ~/.zshrc, after compinit
_homeostat() {
  local line
  local -a found
  for line in "\${(@f)$(homeostat __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#found )) && _describe homeostat found || _files
}
compdef _homeostat homeostat
`,
  fish: `# homeostat completion fish > ~/.config/fish/completions/homeostat.fish
function __homeostat
  set -l words (commandline -opc) (commandline -ct)
  homeostat __complete -- $words[2..-1] 2>/dev/null
end
complete -c homeostat -a '(__homeostat)'
`,
};

export function completion(shell: string): void {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    const expected = either(Object.keys(scripts));
    throw new HomeostatError("USAGE", `completion: expected ${expected}, got ${quote(shell)}`);
  }
  process.stdout.write(script);
}

/** One candidate a line, with what it is about after a tab. */
export async function complete(
  program: Command,
  words: readonly string[],
  outer: GlobalOptions,
): Promise<void> {
  const options = { ...outer, ...placeOf(words) };
  let known: Known = { services: [], instances: [] };
  const wanted = { asked: false };
  const ask = (): Known => {
    wanted.asked = true;
    return known;
  };
  let found = candidates(program, words, ask);
  if (wanted.asked) {
    known = await knownOf(options);
    found = candidates(program, words, ask);
  }
  for (const { text, about } of found) process.stdout.write(`${text}\t${about}\n`);
}

function placeOf(words: readonly string[]): GlobalOptions {
  const after = (name: string): string | undefined => {
    const at = words.indexOf(name);
    return at < 0 || at >= words.length - 1 ? undefined : words[at + 1];
  };
  const folder = after("--folder");
  const config = after("--config");
  return {
    ...(folder === undefined ? {} : { folder }),
    ...(config === undefined ? {} : { config }),
  };
}

/** From the daemon, which knows best and answers at once; else from the config. */
async function knownOf(options: GlobalOptions): Promise<Known> {
  try {
    const { services } = await connect(whereIs(options)).get<StateView>("/api/state");
    const groups = new Set(services.flatMap(({ partOf }) => partOf ?? []));
    return {
      services: [...services.map(({ name }) => name), ...groups],
      instances: services.flatMap((it) => it.instances.map(({ target }) => target)),
    };
  } catch {
    // Nobody sees a complaint while typing.
    return fromConfig(options).catch(() => ({ services: [], instances: [] }));
  }
}

async function fromConfig(options: GlobalOptions): Promise<Known> {
  const { loadConfig } = await import("../../wiring/load.ts");
  const { policy } = await loadConfig({
    folder: whereIs(options).folder,
    ...(options.config === undefined ? {} : { file: options.config }),
    env: process.env,
    clock: systemClock,
  });
  return { services: Object.keys(policy.services), instances: [] };
}
