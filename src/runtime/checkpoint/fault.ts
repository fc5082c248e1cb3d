// Asks a state's own check what is wrong with it.
import type { Stateful } from "./options.ts";

/** What is wrong with a state; undefined when nothing is. */
export async function fault<State>(
  { check }: Stateful<State>,
  state: State,
): Promise<string | undefined> {
  const answer = check === undefined ? true : await check(state);
  if (answer === true) return undefined;
  return typeof answer === "string" ? `its check says: ${answer}` : "its check says no";
}
