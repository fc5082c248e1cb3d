// A watchdog with a clock that tests move, things that end on command, and ears for all it says and does.
import { EventEmitter } from "node:events";
import { createLog, type Entry } from "../../../src/kernel/log.ts";
import type { Told } from "../../../src/runtime/parts/bus.ts";
import type { Counter, Metrics } from "../../../src/runtime/parts/metrics.ts";
import type { Stopping } from "../../../src/runtime/parts/stopping.ts";
import {
  createWatchdog,
  type Watchdog,
  type WatchdogOptions,
} from "../../../src/runtime/watchdog/watchdog.ts";
import { seeded } from "../../../src/testing/seeded.ts";
import { type SimClock, simClock } from "../../../src/testing/sim-clock.ts";

export interface FakeStopping extends Stopping {
  readonly causes: unknown[];
  stop(): void;
  /** Runs the steps that were registered. */
  runSteps(): Promise<void>;
}

export function fakeStopping(): FakeStopping {
  const over = new AbortController();
  const causes: unknown[] = [];
  const steps = new Set<() => unknown>();
  return {
    causes,
    signal: over.signal,
    get stopping() {
      return over.signal.aborted;
    },
    die: (cause) => {
      causes.push(cause);
      over.abort(cause);
    },
    stop: () => over.abort(new Error("stop")),
    sleep: () => Promise.reject(new Error("not needed here")),
    onStop: (_name, _stage, work) => {
      steps.add(work);
      return { [Symbol.dispose]: () => void steps.delete(work) };
    },
    runSteps: async () => {
      await Promise.all([...steps].map((work) => work()));
    },
  };
}

export interface WatchdogWorld {
  readonly clock: SimClock;
  readonly watch: Watchdog;
  readonly stopping: FakeStopping;
  readonly told: Told[];
  readonly entries: Entry[];
  /** What the counters and gauges show: `watchdog_lost{worker}`. */
  metric(name: string): number | undefined;
  /** Log lines of this level. */
  said(level: Entry["level"]): readonly string[];
  types(): readonly string[];
}

export function watchdogWorld(options: Partial<WatchdogOptions> = {}): WatchdogWorld {
  const clock = simClock();
  const stopping = fakeStopping();
  const [told, entries]: [Told[], Entry[]] = [[], []];
  const { wall } = clock;
  const log = createLog({ level: "debug", wall, write: (entry) => entries.push(entry) });
  const publish = (event: Told) => {
    told.push(event);
    const { severity = "info", data } = event;
    return { ...event, severity, data, id: String(told.length), time: "" };
  };
  const bus = { publish, subscribe: () => ({ [Symbol.dispose]: () => {} }) };
  const { metrics, metric } = fakeMetrics();
  const random = seeded(7);
  const base = { clock, random, log, stopping, bus, metrics };
  const watch = createWatchdog({ ...base, ...options });
  return {
    ...{ clock, watch, stopping, told, entries, metric },
    said: (level) => entries.filter((entry) => entry.level === level).map((entry) => entry.message),
    types: () => told.map(({ type }) => type),
  };
}

function fakeMetrics(): { metrics: Metrics; metric: WatchdogWorld["metric"] } {
  const values = new Map<string, number>();
  const reads = new Map<string, () => number>();
  const counter = (name: string): Counter => ({
    add: (by = 1) => void values.set(name, (values.get(name) ?? 0) + by),
    with: (labels) => counter(`${name}{${Object.values(labels).join()}}`),
  });
  const unused = () => {
    throw new Error("not needed here");
  };
  const metrics: Metrics = {
    counter,
    gauge: (name, { read }) => {
      if (read) reads.set(name, read);
      return { set: unused, add: unused, with: unused };
    },
    histogram: unused,
  };
  return { metrics, metric: (name) => reads.get(name)?.() ?? values.get(name) };
}

/** A worker thread that does what the test says. */
export class FakeWorker extends EventEmitter {
  threadId = 1;
  terminated = 0;
  active = 0;
  readonly performance: { eventLoopUtilization(): { active: number } } = {
    eventLoopUtilization: () => ({ active: this.active }),
  };

  online(): this {
    this.active = 1;
    this.emit("online");
    return this;
  }

  die(code: number, error?: Error): void {
    if (error) this.emit("error", error);
    this.threadId = -1;
    this.active = 0;
    this.emit("exit", code);
  }

  terminate(): void {
    this.terminated += 1;
    if (this.threadId !== -1) this.die(1);
  }
}

export class FakeChild extends EventEmitter {
  pid: number | undefined = 4711;
  exitCode: number | null = null;
  signalCode: string | null = null;
  readonly signals: string[] = [];
  /** Whether it follows SIGTERM. */
  polite = true;

  exit(code: number | null, signal: string | null = null): void {
    [this.exitCode, this.signalCode] = [code, signal];
    this.emit("exit", code, signal);
  }

  kill(signal = "SIGTERM"): boolean {
    this.signals.push(signal);
    if (signal === "SIGKILL" || this.polite) this.exit(null, signal);
    return true;
  }
}
