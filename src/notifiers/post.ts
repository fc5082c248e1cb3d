// One request of a notifier, and texts cut to what its service takes.
import { type Outcome, send, type Way } from "../kernel/send.ts";

export { type Fetch, type NotTaken, notTaken, type Outcome } from "../kernel/send.ts";

const requestMs = 10_000;
const most = { answer: 1_048_576, reason: 300 } as const;

export function post(
  way: Way,
  url: string,
  body: string,
  how: {
    readonly signal: AbortSignal;
    readonly headers?: Readonly<Record<string, string>>;
    readonly limitMs?: number;
  },
): Promise<Outcome> {
  const { signal, limitMs: ms = requestMs } = how;
  const own = { "content-type": "application/json", "user-agent": "homeostat" };
  const headers = { ...own, ...how.headers };
  return send(way, url, { method: "POST", headers, body }, { ...most, ms, signal });
}

/** Not longer than `most`, and not within a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
