// Obeys the daemon: each order once, one of a kind at a time, within its limit, and answered.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type FromApp, linkTextMax, type OrderKind, type ToApp } from "../../protocol/link.ts";
import { createMask, type Mask } from "../parts/mask.ts";
import { wait } from "../parts/wait.ts";
import { cut } from "./fit.ts";
import { type Captured, inWords, type Orders, offered, perform } from "./orders.ts";

type Answer = Extract<FromApp, { kind: "answer" }>;
type Ordered = Extract<ToApp, { kind: "order" }>;

export interface Obedience {
  /** What it can be ordered. */
  readonly kinds: readonly OrderKind[];
  /** The daemon that greets; ids of another run, or of one that has no name, are forgotten. */
  greeted(run: string | undefined): void;
  take(order: Ordered): void;
}

export interface ObedienceOptions {
  readonly orders: Orders;
  readonly clock: Clock;
  readonly log: Log;
  readonly mask?: Mask;
  /** Called once for each order that is taken, and again for one that is told again. */
  readonly answer: (answer: Answer) => void;
}

const limitMs = 10_000;
const captureLimitMs = 90_000;
/** More orders of one kind do not wait; the daemon is told so. */
const waitingMax = 16;
/** Answers that are remembered, the last ones. */
const rememberedMax = 256;

interface Run {
  /** Undefined while the order waits or runs. */
  answer: Answer | undefined;
}

export function createObedience(options: ObedienceOptions): Obedience {
  const { orders, log } = options;
  const kinds = offered(orders);
  const queues = new Map<OrderKind, { last: Promise<void>; length: number }>();
  let known = new Map<number, Run>();
  let knownRun: string | undefined;

  const run = async (ordered: Ordered, mine: Run, memory: typeof known): Promise<void> => {
    if (memory !== known) {
      log.info(`not done, as the daemon that ordered it is gone: ${inWords(ordered.order)}`);
      return;
    }
    const answer = await obey(ordered, options);
    mine.answer = answer;
    // An answer for a daemon that is no longer there would be taken for one of its successor.
    if (memory === known) options.answer(answer);
  };

  const enqueue = (ordered: Ordered, mine: Run): void => {
    const { kind } = ordered.order;
    const memory = known;
    const queue = queues.get(kind) ?? { last: Promise.resolve(), length: 0 };
    queues.set(kind, queue);
    if (queue.length >= waitingMax) {
      known.delete(ordered.id);
      const error = `${waitingMax} orders of the kind ${kind} are waiting already`;
      options.answer({ kind: "answer", id: ordered.id, error, code: "BULKHEAD_FULL" });
      return;
    }
    queue.length += 1;
    queue.last = queue.last
      .then(() => run(ordered, mine, memory))
      .catch((error: unknown) => log.error(`an order: ${messageOf(error)}`, { error }))
      .finally(() => {
        queue.length -= 1;
      });
  };

  return {
    kinds,
    greeted: (run) => {
      if (run === undefined || run !== knownRun) known = new Map();
      knownRun = run;
    },
    take: (ordered) => {
      const before = known.get(ordered.id);
      if (before?.answer) options.answer(before.answer);
      if (before) return;
      const mine: Run = { answer: undefined };
      known.set(ordered.id, mine);
      const [oldest] = known.keys();
      if (known.size > rememberedMax && oldest !== undefined) known.delete(oldest);
      enqueue(ordered, mine);
    },
  };
}

async function obey(ordered: Ordered, options: ObedienceOptions): Promise<Answer> {
  const { clock, log, mask = createMask() } = options;
  const { id, order, by } = ordered;
  const what = cut(mask.text(inWords(order)), 200);
  const begunAt = clock.now();
  try {
    const found = await limited(ordered, options);
    const { done, file } = typeof found === "object" ? found : { done: found, file: undefined };
    const text = cut(mask.text(String(done)), linkTextMax);
    log.info(`the daemon ordered: ${what}`, {
      by,
      done: text,
      ms: Math.round(clock.now() - begunAt),
    });
    return { kind: "answer", id, done: text, ...(file && { file }) };
  } catch (error) {
    const text = cut(mask.text(messageOf(error)), linkTextMax);
    log.warn(`the daemon ordered: ${what}, which failed: ${text}`, { by, error });
    const code = error instanceof HomeostatError ? error.code : "ACTION_FAILED";
    return { kind: "answer", id, error: text, code };
  }
}

/** A function that goes on after its limit is left to itself; what becomes of it is logged. */
async function limited(
  { order, by }: Ordered,
  { orders, clock, log }: ObedienceOptions,
): Promise<string | Captured> {
  const ms = order.kind === "capture" ? captureLimitMs : limitMs;
  const over = new AbortController();
  const late = new AbortController();
  const limit = wait(clock, ms, over.signal).then((isLate) => {
    if (!isLate) return undefined;
    const error = new HomeostatError("TIMED_OUT", `not done within ${ms} ms`);
    late.abort(error);
    throw error;
  });
  const work = (async () => perform(orders, order, { by, signal: late.signal }))();
  work.catch((error: unknown) => {
    if (late.signal.aborted) log.warn(`an order that took too long failed: ${messageOf(error)}`);
  });
  try {
    const found = await Promise.race([work, limit]);
    if (found !== undefined) return found;
    throw new HomeostatError("UNKNOWN_ID", `this app takes no orders of the kind ${order.kind}`);
  } finally {
    over.abort();
  }
}
