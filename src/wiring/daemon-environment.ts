// The environment that a daemon runs in: the next one is to find there what the services found before.
import { HomeostatError } from "../kernel/errors.ts";
import { readEnvironment } from "../platforms/procfs.ts";

/** Not that of whoever happens to ask. @throws NOT_NOW when it is not to be read */
export function environmentOf(pid: number | undefined): Readonly<Record<string, string>> {
  const found = pid === undefined ? undefined : readEnvironment(pid);
  if (found) return { ...found };
  const message = "the environment of the daemon cannot be read: ask as the user who runs it";
  throw new HomeostatError("NOT_NOW", message);
}
