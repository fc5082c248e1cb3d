// One request of a notifier: bounded, never rejecting, and silent about its secrets.
import { beginning, unansweredBecause } from "../kernel/answered.ts";
import { type Clock, deadline } from "../kernel/clock.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Unsaid } from "../kernel/unsaid.ts";
import { retryAfterOf } from "../policies/retry/retry-after.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Wire {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Every text that comes from elsewhere passes through it before it is told. */
  readonly unsaid: Unsaid;
}

export interface Failed {
  readonly ok: false;
  readonly reason: string;
  /** False: the same request will be refused another time, too. */
  readonly retryable: boolean;
  /** What the other end asks to wait. */
  readonly retryAfterMs?: number;
  /** Undefined when no answer came. */
  readonly status?: number;
  readonly text: string;
}

export type Outcome = { readonly ok: true; readonly text: string } | Failed;

const answerBytesMax = 1_048_576;
const requestMs = 10_000;

/** A redirect is not followed: what the address opens would be shown to whoever it leads to. */
export async function post(
  { fetch, clock, unsaid }: Wire,
  url: string,
  body: string,
  how: {
    readonly signal: AbortSignal;
    readonly headers?: Readonly<Record<string, string>>;
    readonly limitMs?: number;
  },
): Promise<Outcome> {
  const limit = deadline(clock, how.limitMs ?? requestMs, how.signal);
  const late = new Promise<never>((_, reject) => {
    const end = (): void => reject(limit.signal.reason);
    if (limit.signal.aborted) end();
    limit.signal.addEventListener("abort", end, { once: true });
  });
  const headers = {
    "content-type": "application/json",
    "user-agent": "homeostat",
    ...how.headers,
  };
  const asked = async (): Promise<Outcome> => {
    const init = {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: limit.signal,
    } as const;
    const response = await fetch(url, init);
    const text = await beginning(response, answerBytesMax);
    if (response.ok) return { ok: true, text };
    const { status } = response;
    const retryAfterMs = retryAfterOf(response, clock);
    return {
      ok: false,
      reason: reasonOf(status, unsaid(text)),
      retryable: status === 408 || status === 429 || status >= 500,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      status,
      text,
    };
  };
  try {
    // A fetch of somebody's own may not listen to the signal.
    return await Promise.race([asked(), late]);
  } catch (error) {
    return { ok: false, reason: unsaid(unansweredBecause(error)), retryable: true, text: "" };
  } finally {
    limit.done();
  }
}

/** As an error, for who waits for the sending. Its cause is left out: it may show the address. */
export function notDelivered(what: string, { reason, retryable, retryAfterMs }: Failed): Error {
  const code = retryable ? "NOT_DELIVERED" : "OPTION_INVALID";
  return new HomeostatError(code, `${what}: ${reason}`, { details: { retryAfterMs } });
}

/** Not longer than `most`, and not within a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

function reasonOf(status: number, text: string): string {
  const isRedirect = status >= 300 && status < 400;
  const why = isRedirect ? "a redirect, which is not followed" : text.trim().slice(0, 300);
  return why === "" ? `HTTP ${status}` : `HTTP ${status}: ${why}`;
}
