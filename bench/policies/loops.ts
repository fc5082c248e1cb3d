// The loops whose CPU time is compared: each makes `n` calls one after another.
import {
  breaker,
  compose,
  fallback,
  type HookStrategy,
  type Pipeline,
  pipeline,
  retry,
  timeout,
} from "../../src/policies/index.ts";
import { seeded } from "../../src/testing/seeded.ts";

export type Loop = (n: number) => Promise<unknown>;

export const work = async (): Promise<number> => 1;
export const bad: Error = new Error("bad");
export const fails = async (): Promise<number> => {
  throw bad;
};

const never = { minimumCalls: 1_000_000_000 };
export const three: Pipeline = compose(retry(), breaker(), timeout(800));
const five = pipeline({
  name: "five",
  fallback: () => 0,
  timeout: 2_000,
  retry: 2,
  breaker: true,
  attemptTimeout: 800,
});
const single = {
  retry: compose(retry()),
  breaker: compose(breaker()),
  timeout: compose(timeout(800)),
  fallback: compose(fallback(() => 0)),
};
const open = pipeline({ name: "open", breaker: true });
open.breaker.isolate();
const again = compose(retry({ backoff: 0, budget: false }));
const windows = [
  compose(breaker({ ...never, window: { kind: "time", ms: 10_000 } })),
  compose(breaker({ failureRate: 1, minimumCalls: 100, window: { kind: "count", calls: 100 } })),
  compose(
    breaker({ failureRate: 1, minimumCalls: 100_000, window: { kind: "count", calls: 100_000 } }),
  ),
];
for (const one of windows) await one.run(work);

/** Fails the first time, works the second. */
export function once(): () => Promise<number> {
  let tries = 0;
  return async () => {
    if (tries++ === 0) throw bad;
    return 1;
  };
}

async function byHand(task: () => Promise<number>): Promise<number> {
  for (let left = 2; ; left--) {
    try {
      return await task();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/** A kind of its own shape, as many strategies in one process have. */
function kind(n: number): HookStrategy {
  const counts = new Float64Array(2);
  return {
    name: `kind-${n}`,
    aborts: false,
    enter: (call, level) => {
      call.slots[level] = n;
      counts[0] = (counts[0] ?? 0) + n;
      return undefined;
    },
    exit: (_call, _level, ok) => {
      counts[1] = (counts[1] ?? 0) + Number(ok);
      return undefined;
    },
  };
}

/** 100 pipelines of three strategies out of eight kinds. */
function crowd() {
  const random = seeded(3);
  const kinds: readonly (() => HookStrategy)[] = [
    () => retry(),
    () => breaker(),
    () => timeout(800),
    () => fallback((): never => Promise.reject(bad) as never),
    ...[1, 2, 3, 4].map((n) => () => kind(n)),
  ];
  const pick = (): HookStrategy => (kinds[Math.floor(random() * kinds.length)] ?? retry)();
  return Array.from({ length: 100 }, () => compose(pick(), pick(), pick()));
}
const many = crowd();

export async function times(n: number, call: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < n; i++) await call();
}

export async function caught(n: number, call: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < n; i++) {
    try {
      await call();
    } catch {
      // What is measured is the throwing.
    }
  }
}

const shared = new AbortController();

export const loops: Readonly<Record<string, Loop>> = {
  bare: (n) => times(n, work),
  three: (n) => times(n, () => three.run(work)),
  five: (n) => times(n, () => five.run(work)),
  "single retry": (n) => times(n, () => single.retry.run(work)),
  "single breaker": (n) => times(n, () => single.breaker.run(work)),
  "single timeout": (n) => times(n, () => single.timeout.run(work)),
  "single fallback": (n) => times(n, () => single.fallback.run(work)),
  "fn reads signal": (n) => times(n, () => three.run(async ({ signal }) => signal)),
  "shared caller signal": (n) => times(n, () => three.run(work, { signal: shared.signal })),
  "fresh caller signal": (n) =>
    times(n, () => three.run(work, { signal: new AbortController().signal })),
  "open, throw": (n) => caught(n, () => open.run(work)),
  "open, outcome": (n) => times(n, () => open.tryRun(work)),
  "failure and retry by hand": (n) => times(n, () => byHand(once())),
  "failure and retry": (n) => times(n, () => again.run(once())),
  "bare reject": (n) => caught(n, fails),
  "failed, time window": (n) => caught(n, async () => windows[0]?.run(fails)),
  "failed, 100 calls": (n) => caught(n, async () => windows[1]?.run(fails)),
  "failed, 100,000 calls": (n) => caught(n, async () => windows[2]?.run(fails)),
  "100 pipelines": async (n) => {
    for (let i = 0; i < n; i++) await many[i % 100]?.run(work);
  },
};
