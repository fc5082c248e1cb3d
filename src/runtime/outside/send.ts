// One request to a service outside: bounded, never rejecting, and silent about the address it went to.
import { beginning, unansweredBecause } from "../../kernel/answered.ts";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { retryAfterOf } from "../../policies/retry/retry-after.ts";
import { aborted } from "../parts/aborted.ts";
import type { Unsaid } from "./secret.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Way {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Every text that comes from elsewhere passes through it. */
  readonly unsaid: Unsaid;
}

export interface Taken {
  readonly ok: true;
  /** The beginning of the answer. */
  readonly text: string;
}

export interface NotTaken {
  readonly ok: false;
  readonly reason: string;
  /** False: the same request will not be taken another time either. */
  readonly retryable: boolean;
  /** What the server asks to wait. */
  readonly retryAfterMs?: number;
  /** Undefined when no answer came. */
  readonly status?: number;
  readonly text: string;
}

export type Outcome = Taken | NotTaken;

const mostAnswer = 2_000;

/** A redirect is not followed: what the address opens would be shown to whoever it leads to. */
export async function send(
  { fetch, clock, unsaid }: Way,
  url: URL,
  init: RequestInit,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Outcome> {
  const limit = deadline(clock, timeoutMs, signal);
  const asked = async (): Promise<Outcome> => {
    const response = await fetch(url.href, { ...init, redirect: "manual", signal: limit.signal });
    const text = unsaid(await beginning(response, mostAnswer));
    return response.ok ? { ok: true, text } : refused(response, text, clock);
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

function refused(response: Response, text: string, clock: Clock): NotTaken {
  const { status } = response;
  const retryAfterMs = retryAfterOf(response, clock);
  const why = status >= 300 && status < 400 ? "a redirect, which is not followed" : firstLine(text);
  return {
    ok: false,
    reason: why === "" ? `HTTP ${status}` : `HTTP ${status}: ${why}`,
    retryable: status === 408 || status === 429 || status >= 500,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    status,
    text,
  };
}

function firstLine(text: string): string {
  return text.trim().slice(0, 200);
}

/** As an error, for those who are to hear of it by one. Its cause is left out: it may show the address. */
export function notTaken(what: string, { reason, retryable, retryAfterMs }: NotTaken): Error {
  const code = retryable ? "NOT_DELIVERED" : "OPTION_INVALID";
  return new HomeostatError(code, `${what}: ${reason}`, { details: { retryAfterMs } });
}
