// One run of one scenario: its session, its time, its cleanup, and how it went.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import { plain, redact } from "../../kernel/redact.ts";
import { newSpanId, newTraceId, writeTraceparent } from "../parts/trace-context.ts";
import { wait } from "../parts/wait.ts";
import { type Client, createClient, type Fetch } from "./client.ts";
import { createCookieJar } from "./cookies.ts";
import { createInputs } from "./inputs.ts";
import type { Scenario, ScenarioContext, Settings } from "./scenario.ts";

export interface Outcome {
  readonly scenario: string;
  readonly ok: boolean;
  /** It was ended because the app stops: that says nothing about what it looked at. */
  readonly cancelled: boolean;
  /** ISO 8601 */
  readonly startedAt: string;
  /** Milliseconds without the cleanup. */
  readonly latencyMs: number;
  /** `run(name, { seed })` repeats it. */
  readonly seed: number;
  readonly traceId: string;
  /** What went wrong, in one line, with the step, the seed and the trace. */
  readonly reason?: string;
  readonly error?: unknown;
  /** The last requests, `GET http://host/path 200 12 ms`. */
  readonly requests: readonly string[];
}

export interface Run {
  /** On the monotonic clock. */
  readonly startedAtMs: number;
  /** Known when scenario and cleanup are over, or their time is. */
  readonly outcome: Promise<Outcome>;
  /** When the scenario itself has come back, which may be long after its time was over. */
  readonly ended: Promise<void>;
  /** The outcome is not known yet. */
  readonly pending: boolean;
  /** The outcome is known, but the scenario does not heed its signal and has not come back. */
  readonly stuck: boolean;
  cancel(): void;
}

export interface RunOptions {
  readonly name: string;
  readonly scenario: Scenario;
  readonly settings: Settings;
  readonly seed: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fetch: Fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytesMax: number;
}

/** Says to the app that no customer asked; the value is the name of the scenario. */
export const markerHeader = "x-homeostat-synthetic";

const mostRequests = 20;
const mostCleanups = 100;
const longestReason = 600;

export function startRun(options: RunOptions): Run {
  const { clock, settings } = options;
  const startedAtMs = clock.now();
  const startedAt = new Date(clock.wall()).toISOString();
  const session = openSession(options);
  const controller = new AbortController();
  const context = contextOf(options, session, controller.signal);

  const work = (async () => options.scenario(context))();
  // Listened to from the start: it may fail when nobody waits for it any more.
  let returned = false;
  const onReturn = (): void => {
    returned = true;
  };
  const ended = work.then(onReturn, onReturn);
  let pending = true;
  const finish = async (): Promise<Outcome> => {
    const error = await within(work, controller, settings.timeoutMs, clock);
    const latencyMs = clock.now() - startedAtMs;
    const stopped = controller.signal.aborted && isCancelled(controller.signal.reason);
    controller.abort(new HomeostatError("CANCELLED", "the scenario is over"));
    const dirty = await cleanUp(options, session);
    const step = session.step === "" ? "" : `${session.step}: `;
    const problems = [
      ...(error === undefined ? [] : [`${step}${messageOf(error.thrown)}`]),
      ...dirty.map((one) => `cleanup: ${messageOf(one)}`),
    ];
    const { seed } = options;
    const { traceId, requests } = session;
    const base = { scenario: options.name, startedAt, latencyMs, seed, traceId, requests };
    if (problems.length === 0) return { ...base, ok: true, cancelled: false };
    const reason = worded(problems.join("; "), `(seed ${seed}, trace ${traceId})`);
    const thrown = error === undefined ? dirty[0] : error.thrown;
    return { ...base, ok: false, cancelled: stopped, reason, error: thrown };
  };
  const outcome = finish().finally(() => {
    pending = false;
  });
  return {
    startedAtMs,
    outcome,
    get pending() {
      return pending;
    },
    get stuck() {
      return !pending && !returned;
    },
    // What a scenario asks to be cleaned up after its time is cleaned up when it has come back.
    ended: Promise.all([ended, outcome]).then(async () => {
      for (const error of await cleanUp(options, session)) {
        options.log.error(`synthetic ${options.name}: late cleanup failed: ${messageOf(error)}`);
      }
    }),
    cancel: () =>
      controller.abort(new HomeostatError("CANCELLED", "synthetic checks have stopped")),
  };
}

interface Session {
  readonly traceId: string;
  readonly requests: string[];
  readonly cleanups: ((client: Client) => unknown)[];
  readonly client: (signal: AbortSignal) => Client;
  step: string;
}

function openSession(options: RunOptions): Session {
  const { name, settings, clock, random, fetch, headers, bodyBytesMax } = options;
  const traceId = newTraceId(random);
  const cookies = createCookieJar(() => clock.wall());
  const requests: string[] = [];
  const sent = (line: string): void => {
    requests.push(redact(plain(line)));
    if (requests.length > mostRequests) requests.shift();
  };
  const mark = (): Record<string, string> => ({
    [markerHeader]: name,
    traceparent: writeTraceparent({ traceId, spanId: newSpanId(random), flags: 1 }),
  });
  const { baseUrl } = settings;
  return {
    traceId,
    requests,
    cleanups: [],
    step: "",
    client: (signal) =>
      createClient({ baseUrl, fetch, clock, cookies, signal, bodyBytesMax, mark, headers, sent }),
  };
}

function contextOf(options: RunOptions, session: Session, signal: AbortSignal): ScenarioContext {
  const { name, seed, clock, log } = options;
  return {
    ...session.client(signal),
    name,
    signal,
    inputs: createInputs(seed),
    traceId: session.traceId,
    log: log.child({ scenario: name, trace: session.traceId }),
    step: (what) => {
      session.step = what;
    },
    sleep: async (ms) => {
      if (!(await wait(clock, ms, signal))) throw signal.reason;
    },
    cleanup: (work) => {
      if (session.cleanups.length >= mostCleanups) {
        throw new HomeostatError("OPTION_INVALID", `there are ${mostCleanups} cleanups already`);
      }
      session.cleanups.push(work);
    },
  };
}

/** What the work threw, or that its time was over; nothing when all went well. */
async function within(
  work: Promise<unknown>,
  controller: AbortController,
  timeoutMs: number,
  clock: Clock,
): Promise<{ readonly thrown: unknown } | undefined> {
  const { signal } = controller;
  const over = new AbortController();
  void wait(clock, timeoutMs, over.signal).then((passed) => {
    if (!passed) return;
    controller.abort(new HomeostatError("TIMED_OUT", `not done within ${timeoutMs} ms`));
  });
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([work, aborted]);
    return undefined;
  } catch (thrown) {
    return { thrown };
  } finally {
    over.abort();
  }
}

/** What went wrong; one step that fails does not keep the others from their work. */
async function cleanUp(options: RunOptions, session: Session): Promise<readonly unknown[]> {
  const { clock, settings } = options;
  const errors: unknown[] = [];
  const endsAtMs = clock.now() + settings.cleanupMs;
  for (let next = session.cleanups.pop(); next; next = session.cleanups.pop()) {
    const work = next;
    const controller = new AbortController();
    const client = session.client(controller.signal);
    const leftMs = Math.max(0, endsAtMs - clock.now());
    const error = await within((async () => work(client))(), controller, leftMs, clock);
    if (error) errors.push(error.thrown);
  }
  return errors;
}

function isCancelled(reason: unknown): boolean {
  return reason instanceof HomeostatError && reason.code === "CANCELLED";
}

/** One line without secrets; the seed stays, however long the rest is. */
function worded(text: string, end: string): string {
  const line = redact(plain(text)).replace(/\s+/g, " ").trim();
  const cut = line.length > longestReason ? `${line.slice(0, longestReason)}…` : line;
  return `${cut} ${end}`;
}
