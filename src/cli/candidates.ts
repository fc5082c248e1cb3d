// What may come next on a command line: commands, options, kinds, names of services.
import type { Command } from "commander";

export interface Candidate {
  readonly text: string;
  readonly about: string;
}

export interface Known {
  /** Services and groups. */
  readonly services: readonly string[];
  /** "web/1". */
  readonly instances: readonly string[];
}

/** The name of an argument tells what it takes. */
const ofArgument: Readonly<Record<string, (command: string, known: Known) => readonly string[]>> = {
  service: (_, { services }) => services,
  job: (_, { services }) => services,
  names: (_, { services, instances }) => [...services, ...instances],
  target: (_, { instances }) => instances,
  shell: () => ["bash", "zsh", "fish"],
  kind: (command) =>
    command === "init"
      ? ["systemd", "supervisord", "docker", "compose"]
      : ["pm2", "procfile", "supervisord"],
};

/** `words` are those after the program's name; the last is being typed. */
export function candidates(
  program: Command,
  words: readonly string[],
  known: () => Known,
): readonly Candidate[] {
  const typed = words.at(-1) ?? "";
  const { command, given, takesValue } = walk(program, words.slice(0, -1));
  if (takesValue) return [];
  if (typed.startsWith("-")) return matching(optionsOf(command), typed);
  if (command.commands.length > 0 && given === 0) {
    const all = command.commands.filter((it) => !it.name().startsWith("__"));
    return matching(
      all.map((it) => ({ text: it.name(), about: it.description() })),
      typed,
    );
  }
  const list = command.registeredArguments;
  const argument = list[given] ?? (list.at(-1)?.variadic ? list.at(-1) : undefined);
  const values = argument && ofArgument[argument.name()]?.(command.name(), known());
  return matching(
    (values ?? []).map((text) => ({ text, about: "" })),
    typed,
  );
}

interface Walked {
  readonly command: Command;
  /** How many arguments it has already. */
  readonly given: number;
  /** An option stands before, and what comes is its value. */
  readonly takesValue: boolean;
}

function walk(program: Command, words: readonly string[]): Walked {
  let command = program;
  let given = 0;
  let takesValue = false;
  for (const word of words) {
    if (takesValue) takesValue = false;
    else if (word.startsWith("-")) takesValue = isValued(command, word);
    else {
      const inner = given === 0 ? command.commands.find((it) => it.name() === word) : undefined;
      if (inner) command = inner;
      else given += 1;
    }
  }
  return { command, given, takesValue };
}

function isValued(command: Command, word: string): boolean {
  const option = command.options.find(({ short, long }) => short === word || long === word);
  if (option) return option.required;
  return command.parent ? isValued(command.parent, word) : false;
}

function optionsOf(command: Command): readonly Candidate[] {
  const own = command.options.map(({ long, short, description }) => ({
    text: long ?? short ?? "",
    about: description,
  }));
  return command.parent ? [...own, ...optionsOf(command.parent)] : own;
}

function matching(all: readonly Candidate[], typed: string): readonly Candidate[] {
  return all.filter(({ text }) => text.startsWith(typed) && text !== "");
}
