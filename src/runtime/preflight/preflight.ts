// Pre-flight: the start of an app waits until what it cannot do without answers, or ends with exit code 75.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { anything, checkOptions, count } from "../../policies/options.ts";
import { fatalDependency } from "../parts/dependency.ts";
import type { CheckAnswer, CheckContext } from "../parts/health.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import { within } from "../parts/within.ts";

/**
 * Asks one dependency: no answer is needed but that there is one. False, `unhealthy` and a throw say
 * that it is not there yet. Health checks and the looks of recipes (`hostAnswers`) fit.
 */
export type PreflightAsk = (
  context: CheckContext & { readonly clock: Clock },
) => CheckAnswer | Promise<CheckAnswer>;

export interface PreflightOptions extends Partial<Surroundings> {
  /** Milliseconds for all of them together; default 10,000. A setup has a limit too, 60,000. */
  readonly limitMs?: number;
  /** Milliseconds between two tries of one; default 1,000. */
  readonly tryEveryMs?: number;
  /** Milliseconds that one try may take; default 5,000. */
  readonly tryLimitMs?: number;
}

const mostDependencies = 100;

/**
 * `app.setup("preflight", preflight({ database: hostAnswers("db.local", 5432) }))`
 *
 * All are asked at once. The setup throws a fatal dependency error that names each one that did not
 * answer and why: the app ends with exit code 75 and is started again by whoever runs it.
 * @throws OPTION_INVALID
 */
export function preflight(
  asks: Readonly<Record<string, PreflightAsk>>,
  options: PreflightOptions = {},
): (signal: AbortSignal) => Promise<void> {
  const names = Object.keys(asks);
  check(asks, options);
  const { limitMs = 10_000, tryEveryMs = 1_000, tryLimitMs = 5_000 } = options;
  const { clock, log } = surroundings(options);
  return async (signal) => {
    signal.throwIfAborted();
    const begunAt = clock.now();
    const limit = deadline(clock, limitMs, signal);
    try {
      const waits = Object.entries(asks).map(([name, ask]) =>
        untilItAnswers(name, ask, { clock, log, tryEveryMs, tryLimitMs, signal: limit.signal }),
      );
      const reasons = (await Promise.all(waits)).filter((reason) => reason !== undefined);
      signal.throwIfAborted();
      if (reasons.length > 0) {
        const message = `preflight: not within ${limitMs} ms: ${reasons.join("; ")}`;
        throw fatalDependency(message, { details: reasons });
      }
      log.info(`preflight: ${names.join(", ")} answered`, { tookMs: clock.now() - begunAt });
    } finally {
      limit.done();
    }
  };
}

interface Tries extends Pick<Surroundings, "clock" | "log"> {
  readonly tryEveryMs: number;
  readonly tryLimitMs: number;
  readonly signal: AbortSignal;
}

/** Why it never did, in words; undefined when it did. */
async function untilItAnswers(
  name: string,
  ask: PreflightAsk,
  tries: Tries,
): Promise<string | undefined> {
  const { clock, log, tryEveryMs, signal } = tries;
  let reason: string | undefined = "it was not asked";
  for (let count = 1; ; count++) {
    const now = await refusal(ask, tries);
    if (now === undefined) return undefined;
    // A last try that was cut short says less than the one before it.
    if (count === 1 || !signal.aborted) reason = now;
    if (count === 1) log.info(`preflight: waiting for ${name}: ${reason}`);
    if (!(await wait(clock, tryEveryMs, signal))) return `${name}: ${reason}`;
  }
}

/** Why it does not answer now. */
async function refusal(
  ask: PreflightAsk,
  { clock, tryLimitMs, signal: outer }: Tries,
): Promise<string | undefined> {
  try {
    const answer = await within(
      { clock, ms: tryLimitMs, parent: outer },
      (signal) => ask({ signal, clock }),
      () => new Error("no answer in time"),
    );
    if (answer === false) return "it says no";
    const isSick = typeof answer === "object" && answer.status === "unhealthy";
    return isSick ? (answer.reason ?? "it is unhealthy") : undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function check(asks: Readonly<Record<string, PreflightAsk>>, options: PreflightOptions): void {
  checkOptions<PreflightOptions>("preflight", options, {
    ...{ clock: anything, random: anything, log: anything },
    ...{ limitMs: count(1), tryEveryMs: count(1), tryLimitMs: count(1) },
  });
  const all = Object.entries(asks);
  const wrong = all.filter(([, ask]) => typeof ask !== "function").map(([name]) => name);
  const problem =
    wrong.length > 0
      ? `${wrong.join(", ")} must be a function`
      : all.length > mostDependencies && `at most ${mostDependencies} dependencies`;
  if (problem) throw new HomeostatError("OPTION_INVALID", `preflight: ${problem}`);
}
