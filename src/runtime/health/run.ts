// One run of one check: an answer, or the end of its time, or the end of the app, whichever is first.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { pulseOf } from "../../kernel/pulse.ts";
import { plain, redact } from "../../kernel/redact.ts";
import type { CheckAnswer, CheckContext } from "../parts/health.ts";
import type { Ticker } from "./ticker.ts";

/** A check, also one whose type says that it answers nothing. */
export type AnyCheck = (context: CheckContext) => CheckAnswer | Promise<CheckAnswer | Nothing>;
type Nothing = ReturnType<() => void>;

export interface Outcome {
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly reason?: string;
  readonly latencyMs: number;
}

export interface Run {
  readonly startedAtMs: number;
  /** Nothing when the run was cancelled: that says nothing about the health of anything. */
  readonly outcome: Promise<Outcome | undefined>;
  /** Until the check itself has come back, which may be long after its time was over. */
  readonly pending: boolean;
  cancel(): void;
}

/** A tick that is so late tells that this process itself stood still. */
const stallMs = 20;
const longestReason = 300;

/** Starts `check`; its signal aborts after `timeoutMs`. A throw is an outcome, never an error. */
export function startRun(
  check: AnyCheck,
  timeoutMs: number,
  { clock, ticker }: { readonly clock: Clock; readonly ticker: Ticker },
): Run {
  const startedAtMs = clock.now();
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
  let pending = true;

  const expire = (): void => {
    if (!pending) return;
    const reason = `no answer within ${timeoutMs} ms`;
    resolve({ status: "unhealthy", reason, latencyMs: clock.now() - startedAtMs });
    controller.abort(new DOMException(reason, "TimeoutError"));
  };
  // The answer may be waiting in the socket while this process stood still: the time of a stall is
  // given back once, and what has arrived is heard first.
  const expireSoon = (): void => pulseOf(clock).afterIo(expire);
  let release = ticker.after(timeoutMs, (lateMs) => {
    if (lateMs < stallMs) expireSoon();
    else release = ticker.after(Math.min(lateMs, timeoutMs), expireSoon);
  });

  void attempt(check, controller.signal).then((answer) => {
    pending = false;
    release();
    resolve({ ...answer, latencyMs: clock.now() - startedAtMs });
  });

  return {
    startedAtMs,
    outcome: promise,
    get pending() {
      return pending;
    },
    cancel: () => {
      release();
      resolve(undefined);
      controller.abort(new HomeostatError("CANCELLED", "health checks have stopped"));
    },
  };
}

async function attempt(check: AnyCheck, signal: AbortSignal): Promise<Omit<Outcome, "latencyMs">> {
  try {
    return read(await check({ signal }));
  } catch (error) {
    return { status: "unhealthy", reason: worded(messageOf(error)) };
  }
}

function read(answer: CheckAnswer | Nothing): Omit<Outcome, "latencyMs"> {
  if (answer === undefined || answer === true) return { status: "healthy" };
  if (answer === false) return { status: "unhealthy", reason: "the check answered false" };
  const { status, reason } = answer ?? {};
  if (status !== "healthy" && status !== "degraded" && status !== "unhealthy") {
    // Plain JavaScript may answer anything; what is not an answer is not good news.
    const reason = `the check answered ${worded(JSON.stringify(answer) ?? typeof answer)}`;
    return { status: "unhealthy", reason };
  }
  if (typeof reason === "string" && reason !== "") return { status, reason: worded(reason) };
  return status === "healthy" ? { status } : { status, reason: `the check answered ${status}` };
}

/** One line without secrets: it is shown to whoever may see the health of the app. */
function worded(text: string): string {
  const line = redact(plain(text)).trim();
  return line.length > longestReason ? `${line.slice(0, longestReason)}…` : line;
}
