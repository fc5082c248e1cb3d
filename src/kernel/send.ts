// One request to somebody outside: bounded, never rejecting, and silent about its secrets.
import { aborted } from "./aborted.ts";
import { beginning, unansweredBecause } from "./answered.ts";
import { type Clock, deadline } from "./clock.ts";
import { HomeostatError } from "./errors.ts";
import { retryAfterOf } from "./retry-after.ts";
import type { Unsaid } from "./unsaid.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Way {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Every reason that comes from elsewhere passes through it. */
  readonly unsaid: Unsaid;
}

export interface Taken {
  readonly ok: true;
  /** The beginning of the answer, as it came. */
  readonly text: string;
}

export interface NotTaken {
  readonly ok: false;
  readonly reason: string;
  /** False: the same request will not be taken another time either. */
  readonly retryable: boolean;
  /** What the other end asks to wait. */
  readonly retryAfterMs?: number;
  /** Undefined when no answer came. */
  readonly status?: number;
  readonly text: string;
}

export type Outcome = Taken | NotTaken;

export interface Limits {
  readonly ms: number;
  readonly signal?: AbortSignal;
  /** Characters of an answer that are read, and of one that are told as the reason. */
  readonly answer: number;
  readonly reason: number;
}

/** A redirect is not followed: what the address opens would be shown to whoever it leads to. */
export async function send(
  { fetch, clock, unsaid }: Way,
  url: string,
  init: RequestInit,
  limits: Limits,
): Promise<Outcome> {
  const limit = deadline(clock, limits.ms, limits.signal);
  const asked = async (): Promise<Outcome> => {
    const response = await fetch(url, { ...init, redirect: "manual", signal: limit.signal });
    const text = await beginning(response, limits.answer);
    if (response.ok) return { ok: true, text };
    const why = unsaid(text).trim().slice(0, limits.reason);
    return refused(response, text, why, clock);
  };
  try {
    // A fetch of somebody's own may not listen to the signal.
    return await Promise.race([asked(), aborted(limit.signal)]);
  } catch (error) {
    return { ok: false, reason: unsaid(unansweredBecause(error)), retryable: true, text: "" };
  } finally {
    limit.done();
  }
}

function refused(response: Response, text: string, said: string, clock: Clock): NotTaken {
  const { status } = response;
  const retryAfterMs = retryAfterOf(response, clock);
  const why = status >= 300 && status < 400 ? "a redirect, which is not followed" : said;
  return {
    ok: false,
    reason: why === "" ? `HTTP ${status}` : `HTTP ${status}: ${why}`,
    retryable: status === 408 || status === 429 || status >= 500,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    status,
    text,
  };
}

/** As an error, for those who are to hear of it by one. Its cause is left out: it may show the address. */
export function notTaken(what: string, { reason, retryable, retryAfterMs }: NotTaken): Error {
  const code = retryable ? "NOT_DELIVERED" : "OPTION_INVALID";
  return new HomeostatError(code, `${what}: ${reason}`, { details: { retryAfterMs } });
}
