// The messages of a task that are under way, from their reading to their acknowledgement.
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import { dependencyIn } from "../parts/dependency.ts";
import { isInterrupt } from "../parts/interrupt.ts";
import { type Delivery, isBadMessage, type SendContext, sendOf } from "./delivery.ts";
import { type Envelope, envelope, open, told } from "./envelope.ts";
import { traced } from "./opentelemetry.ts";
import type { MessageContext, Outcome, TaskOptions } from "./settings.ts";
import type { Tally } from "./tally.ts";
import { fieldsOf, type Trace } from "./trace.ts";

/** In what a relay and a worker differ. */
export interface Duty<In> {
  process(data: In, context: MessageContext): Promise<Envelope | undefined>;
  /** Brings what came of a message to where it belongs. */
  deliver(out: Envelope | undefined, of: Delivery, context: SendContext): unknown;
  /** Tells who waits for an answer that there is none. */
  refuse?(error: unknown, of: Delivery): unknown;
}

export interface Home<In> {
  readonly options: TaskOptions<In>;
  readonly duty: Duty<In>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tally: Tally;
}

/** How a run comes to its end. */
export interface Ending {
  /** The task is told to end. */
  readonly signal: AbortSignal;
  /** Messages under way are told to end. */
  readonly busy: AbortController;
  readonly failure: { readonly error: unknown } | undefined;
  /** Ends the run by this error; the first one counts. */
  fail(error: unknown): void;
}

export interface Jobs {
  add(item: Delivery): void;
  count(): number;
  /** Resolves when one more is through. */
  oneLess(): Promise<void>;
  all(): Promise<void>;
  /** Gives back all that is under way: what becomes of it no longer counts. */
  abandon(): Promise<void>;
}

interface Job {
  readonly item: Delivery;
  readonly startedAtMs: number;
  data?: unknown;
  trace?: Trace;
  out?: Envelope | undefined;
  failure?: { readonly error: unknown };
}

export function createJobs<In>(home: Home<In>, ending: Ending): Jobs {
  const { tally, clock } = home;
  const open = new Set<Job>();
  let tail: Promise<void> = Promise.resolve();
  let wake = (): void => {};

  const closeJob = (job: Job, outcome: Outcome): void => {
    if (!open.delete(job)) return;
    tally.add(outcome, clock.now() - job.startedAtMs);
    wake();
  };
  const finish = async (job: Job): Promise<void> => {
    if (!open.has(job)) return;
    const outcome = ending.failure ? "released" : await settle(home, ending, job);
    // It may have been given back meanwhile.
    if (!open.has(job)) return;
    if (outcome === "released") await release(home, job.item);
    closeJob(job, outcome);
  };
  return {
    add: (item) => {
      const job: Job = { item, startedAtMs: clock.now() };
      open.add(job);
      const worked = work(home, ending, job);
      tail = tail.then(() => worked).then(() => finish(job));
    },
    count: () => open.size,
    oneLess: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
    all: () => tail,
    abandon: async () => {
      for (const job of [...open]) {
        await release(home, job.item);
        closeJob(job, "released");
      }
    },
  };
}

/** Never rejects: what goes wrong is kept until it is the message's turn. */
async function work<In>(home: Home<In>, ending: Ending, job: Job): Promise<void> {
  const { options, duty, random } = home;
  const { name, otel, read } = options;
  try {
    const { data, ...fields } = open(job.item.read());
    job.data = data;
    job.out = await traced(`process ${name}`, fields, { otel, random }, async (trace) => {
      job.trace = trace;
      const about = job.item.about ?? {};
      const context = { signal: ending.busy.signal, stopping: ending.signal, trace, about };
      return duty.process(read ? read(data) : (data as In), context);
    });
  } catch (error) {
    job.failure = { error };
  }
}

async function settle<In>(home: Home<In>, ending: Ending, job: Job): Promise<Outcome> {
  if (job.failure) return judge(home, ending, job, job.failure.error);
  try {
    await home.duty.deliver(job.out, job.item, { signal: ending.busy.signal });
  } catch (error) {
    if (isBadMessage(error)) return judge(home, ending, job, error);
    // While the app stops the other side may have gone first: the message comes again.
    if (!ending.signal.aborted) ending.fail(error);
    return "released";
  }
  try {
    await job.item.ack?.();
    return "done";
  } catch (error) {
    ending.fail(error);
    return "released";
  }
}

/** Whether it is the end of the app, of a dependency, or of this message only. */
async function judge<In>(
  home: Home<In>,
  ending: Ending,
  job: Job,
  error: unknown,
): Promise<Outcome> {
  const { signal, busy } = ending;
  if (isInterrupt(error, signal) || isInterrupt(error, busy.signal)) return "released";
  if (dependencyIn(error) !== undefined) {
    ending.fail(error);
    return "released";
  }
  try {
    await refuse(home, ending, job, error);
    return "bad";
  } catch (worse) {
    ending.fail(worse);
    return "released";
  }
}

async function refuse<In>(
  { options, duty, log }: Home<In>,
  ending: Ending,
  { item, data, trace }: Job,
  error: unknown,
): Promise<void> {
  const { name, capture, onBad, deadLetter } = options;
  const about = item.about ?? {};
  const context = { task: name, ...about, ...(trace && { traceId: trace.traceId }) };
  log.warn(`${name}: a message cannot be processed: ${messageOf(error)}`, { ...context, error });
  capture?.(error, name, context);
  await onBad?.({ task: name, error, data, about, ...(trace && { trace }) });
  await duty.refuse?.(error, item);
  if (!deadLetter) {
    await item.reject?.(error);
    return;
  }
  const letter = { task: name, error: told(error), data, about };
  const { signal } = ending.busy;
  await sendOf(deadLetter)(envelope(letter, trace && fieldsOf(trace)), { signal });
  await item.ack?.();
}

async function release<In>({ options, log }: Home<In>, item: Delivery): Promise<void> {
  try {
    await item.release?.();
  } catch (error) {
    log.debug(`${options.name}: a message could not be given back`, { error });
  }
}
