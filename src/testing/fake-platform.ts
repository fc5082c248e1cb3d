// A platform without processes: a test says what runs, what ends, and sees what was started and ended.
import type { ProcessIdentity } from "../model/instance.ts";
import type { Target } from "../model/target.ts";
import type { Ended, Found, Platform, StartSpec } from "../platforms/platform.ts";

export interface FakeProcess extends Found {
  /** What starting it was asked for; absent when it ran before. */
  readonly spec?: StartSpec;
}

export interface FakePlatform extends Platform {
  readonly running: readonly FakeProcess[];
  /** Every process that was started here, in order. */
  readonly started: readonly FakeProcess[];
  /** Signals in order, as "SIGTERM web/1 7". */
  readonly signals: readonly string[];
  /** Puts a process there that an earlier daemon started; in a group of its own unless told. */
  place(target: Target, over?: Partial<Found>): FakeProcess;
  /** Ends a process and tells whoever waits for it. */
  end(process: FakeProcess, ended?: Partial<Ended>): void;
}

/** `obeys`: whether processes end at once on TERM. They always do on KILL. */
export function fakePlatform(options: { readonly obeys?: boolean } = {}): FakePlatform {
  const { obeys = true } = options;
  const bootId = "boot";
  const running: FakeProcess[] = [];
  const started: FakeProcess[] = [];
  const signals: string[] = [];
  const waiting = new Map<number, (ended: Ended) => void>();
  const ends = new Map<number, Promise<Ended>>();
  let last = 0;

  const add = (found: Omit<FakeProcess, "identity">, ticks?: number): FakeProcess => {
    last += 1;
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const identity = { pid: last, startTicks: ticks ?? last, bootId };
    const process = { identity, ...found };
    waiting.set(last, resolve);
    ends.set(last, promise);
    running.push(process);
    return process;
  };
  const find = ({ pid }: ProcessIdentity): FakeProcess | undefined =>
    running.find((other) => other.identity.pid === pid);
  const end: FakePlatform["end"] = (process, ended = {}) => {
    const at = running.indexOf(process);
    if (at < 0) return;
    running.splice(at, 1);
    waiting.get(process.identity.pid)?.({ code: 0, signal: null, known: true, ...ended });
  };
  const signal = (identity: ProcessIdentity, name: NodeJS.Signals): boolean => {
    const process = find(identity);
    if (!process) return false;
    signals.push(`${name} ${process.target} ${identity.pid}`);
    if (name === "SIGKILL") end(process, { code: null, signal: name });
    else if (obeys) end(process);
    return true;
  };
  return {
    name: "fake",
    bootId,
    running,
    started,
    signals,
    place: (target, over = {}) => add({ target, run: `run of ${target}`, leader: true, ...over }),
    end,
    start: async (spec) => {
      const { target, run, port } = spec;
      const process = add({ target, run, leader: true, spec, ...(port ? { port } : {}) });
      started.push(process);
      return process.identity;
    },
    ended: (identity) => ends.get(identity.pid) ?? new Promise(() => {}),
    alive: (identity) => find(identity) !== undefined,
    signal,
    signalGroup: signal,
    groupAlive: (identity) => find(identity) !== undefined,
    scan: () => [...running],
    figures: () => undefined,
    pss: () => undefined,
  };
}
