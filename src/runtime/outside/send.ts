// One request to a service outside, of whose answer nothing secret is told.
import { type Outcome, send as sendTo, type Way } from "../../kernel/send.ts";

export {
  type Fetch,
  type NotTaken,
  notTaken,
  type Outcome,
  type Way,
} from "../../kernel/send.ts";

const most = { answer: 2_000, reason: 200 } as const;

export async function send(
  way: Way,
  url: URL,
  init: RequestInit,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Outcome> {
  const limits = { ...most, ms: timeoutMs, ...(signal ? { signal } : {}) };
  const outcome = await sendTo(way, url.href, init, limits);
  return { ...outcome, text: way.unsaid(outcome.text) };
}
