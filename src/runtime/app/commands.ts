// What an app puts at the disposal of the daemon and its people, by name: one run of each at a time.
import { HomeostatError } from "../../kernel/errors.ts";

export type Command = (signal: AbortSignal) => unknown;

export interface Commands {
  /** @throws OPTION_INVALID for a name that is taken or cannot be. */
  add(name: string, work: Command): Disposable;
  names(): readonly string[];
  /** @throws UNKNOWN_ID, or what the work throws. */
  run(name: string, signal: AbortSignal): Promise<unknown>;
}

const most = 100;

export function createCommands(): Commands {
  const known = new Map<string, Command>();
  const running = new Map<string, Promise<unknown>>();
  return {
    add: (name, work) => {
      const problem = problemOf(known, name, work);
      if (problem !== undefined) {
        throw new HomeostatError("OPTION_INVALID", `command ${JSON.stringify(name)} ${problem}`);
      }
      known.set(name, work);
      return { [Symbol.dispose]: () => void known.delete(name) };
    },
    names: () => [...known.keys()],
    run: (name, signal) => {
      const work = known.get(name);
      if (!work) {
        const names = [...known.keys()].join(", ") || "none";
        throw new HomeostatError("UNKNOWN_ID", `there is no command "${name}", but: ${names}`);
      }
      const under = running.get(name);
      if (under) return under;
      const run = (async () => work(signal))().finally(() => running.delete(name));
      running.set(name, run);
      return run;
    },
  };
}

function problemOf(
  known: ReadonlyMap<string, Command>,
  name: string,
  work: unknown,
): string | undefined {
  if (!/^[a-z][\w.-]{0,63}$/i.test(name)) {
    return "begins with a letter and has at most 64 letters, digits, dots, _ and -";
  }
  if (known.has(name)) return "is taken";
  if (known.size >= most) return `is one too many: there are ${most}`;
  return typeof work === "function" ? undefined : "needs a function";
}
