// Lets an app answer the signals and last errors of its process, and tells when two do.
import type { AppOptions } from "./options.ts";
import type { Parts } from "./parts.ts";

/** Names of apps that answer this process's signals and errors. */
const answering: string[] = [];

/** Each app that answers the process ends it, whatever the others are at: there should be one. */
export function installIn(
  name: string,
  { life, log }: Parts,
  { install }: AppOptions,
): Disposable | undefined {
  if (install === false) return undefined;
  if (answering.length > 0) {
    const others = { others: [...answering] };
    log.warn("another app answers this process already: give all but one `install: false`", others);
  }
  const installed = life.install(install);
  answering.push(name);
  return {
    [Symbol.dispose]: () => {
      installed[Symbol.dispose]();
      answering.splice(answering.indexOf(name), 1);
    },
  };
}
