// What came of a request: the beginning of its answer, or why there is none.
import { messageOf } from "./errors.ts";

/** The text of the body up to so many characters; the rest is not waited for. */
export async function beginning({ body }: Response, most: number): Promise<string> {
  if (!body) return "";
  const decoder = new TextDecoder();
  let text = "";
  // Leaving the loop cancels the rest.
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= most) break;
  }
  return text.slice(0, most);
}

/** Both addresses of a name may refuse; Node then says nothing itself. */
export function unansweredBecause(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof AggregateError) || cause.message !== "") return messageOf(error);
  return `${(error as Error).message}: ${cause.errors.map(messageOf).join(", ")}`;
}
