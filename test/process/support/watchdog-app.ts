// A small app with a real watchdog: each case of the tests is a way in which something of it ends.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { Worker } from "node:worker_threads";
import { systemClock } from "../../../src/kernel/clock.ts";
import { createLog, formatText } from "../../../src/kernel/log.ts";
import { createLifecycle } from "../../../src/runtime/lifecycle/lifecycle.ts";
import type { Loss } from "../../../src/runtime/watchdog/entry.ts";
import { type OuterOptions, startOuter } from "../../../src/runtime/watchdog/outer.ts";
import { createWatchdog } from "../../../src/runtime/watchdog/watchdog.ts";

const { clock, sleep } = { clock: systemClock, sleep: systemClock.sleep };

/** At once and whole, also when the process is killed right after. */
const print = (text: string): void => void writeSync(1, `${text}\n`);
const { wall } = clock;
const write = (entry: Parameters<typeof formatText>[0]) => void writeSync(1, formatText(entry));
const log = createLog({ level: "info", wall, write });

/** The same for all threads of the process. */
const nowOfAll = (): number => performance.timeOrigin + performance.now();

/** So that a loaded machine is not taken for a blocked thread. */
const calm: OuterOptions = { blockedMs: 3_000, exitMs: 10_000, app: "shop", log };
const quick: OuterOptions = { blockedMs: 400, exitMs: 1_000, graceMs: 300, app: "shop", log };
const bus = {
  publish: (event: { type: string; data?: unknown }) => {
    if (event.type === "watchdog.lost") lost(event.data as Loss);
    return { ...event, id: "1", source: "watchdog", severity: "info" as const, time: "", data: {} };
  },
  subscribe: () => ({ [Symbol.dispose]: () => {} }),
};

/** When what is lost ended, as far as it could still say so. */
const endedAt = new Float64Array(new SharedArrayBuffer(8));

function lost({ id, reason }: Loss): void {
  const latencyMs = endedAt[0] ? (nowOfAll() - endedAt[0]).toFixed(2) : "?";
  print(`lost ${id}: ${reason}; latency ${latencyMs} ms`);
}

/** A thread that notes the time and ends. */
function endingWorker(how: string): Worker {
  const code = `
    const { workerData } = require("node:worker_threads");
    setTimeout(() => {
      workerData[0] = performance.timeOrigin + performance.now();
      ${how}
    }, 200);`;
  return new Worker(code, { eval: true, workerData: endedAt });
}

const waits = (): ChildProcess =>
  spawn(process.execPath, ["-e", "setTimeout(() => {}, 20_000)"], { stdio: "ignore" });

export function burnCpu(ms: number): void {
  const end = clock.now() + ms;
  while (clock.now() < end) for (let n = 0; n < 1e7; n++) Math.imul(n, n);
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve()));

/** Holds the process for longer than any test waits, or until the app stops. */
const holds = (signal?: AbortSignal): Promise<void> => sleep(15_000, signal).catch(() => {});

function withLifecycle(outer: OuterOptions = calm) {
  const life = createLifecycle({ log, clock });
  life.install();
  const watch = createWatchdog({
    ...{ log, bus, stopping: life },
    outer: startOuter(outer),
  });
  return { life, watch };
}

const cases: Readonly<Record<string, () => unknown>> = {
  "lost worker": () => {
    const { watch, life } = withLifecycle();
    watch.worker("resize", endingWorker("throw new Error('out of colours')"));
    return holds(life.signal);
  },
  "lost worker, code 0": () => {
    const { watch, life } = withLifecycle();
    watch.worker("resize", endingWorker("process.exit(0)"));
    return holds(life.signal);
  },
  "lost worker, alone": () => {
    const watch = createWatchdog({ log, bus, outer: startOuter(calm) });
    watch.worker("resize", endingWorker("process.exit(0)"));
    return holds();
  },
  "lost child": async () => {
    const { watch, life } = withLifecycle();
    const child = waits();
    watch.child("ffmpeg", child);
    await sleep(200);
    endedAt[0] = nowOfAll();
    child.kill("SIGKILL");
    return holds(life.signal);
  },
  "lost server": async () => {
    const { watch, life } = withLifecycle();
    const server = createServer();
    watch.server("http", server);
    server.listen(0, "127.0.0.1");
    await sleep(200);
    endedAt[0] = nowOfAll();
    server.close();
    return holds(life.signal);
  },
  "lost task": () => {
    const { watch, life } = withLifecycle();
    watch.task("consume", async () => {
      await sleep(100);
      throw new Error("connection reset");
    });
    return holds(life.signal);
  },
  "silent loop": () => {
    const { watch, life } = withLifecycle();
    watch.loop("poll", { everyMs: 50 }).beat();
    return holds(life.signal);
  },
  "restarts a worker and a child": () => {
    const { watch, life } = withLifecycle();
    const restart = { backoff: { baseMs: 50, jitter: "none" as const } };
    let workers = 0;
    watch.worker(
      "resize",
      () => endingWorker(workers++ < 2 ? "throw new Error('boom')" : "setInterval(() => {}, 50)"),
      { policy: "restart", restart: { ...restart, max: 2 } },
    );
    let children = 0;
    watch.child(
      "job",
      () => spawn(process.execPath, ["-e", `process.exit(${children++ < 1 ? 3 : 0})`]),
      { policy: "restart", restart },
    );
    clock.sleep(1_500).then(() => life.stop("seen enough"));
    return life.done;
  },
  "only a restart is left": () => {
    const { watch } = withLifecycle();
    let workers = 0;
    const next = () => {
      workers += 1;
      print(`start ${workers}`);
      return endingWorker(workers === 1 ? "process.exit(3)" : "");
    };
    const restart = { backoff: { baseMs: 300, jitter: "none" as const } };
    watch.worker("resize", next, { policy: "restart", restart, cleanEnd: "fine" });
  },
  "ends by itself": async () => {
    const { watch } = withLifecycle();
    watch.loop("poll", { everyMs: 50 }).beat();
    watch.task("consume", untilAborted);
    const server = createServer().unref();
    server.listen(0, "127.0.0.1");
    watch.server("http", server);
    await sleep(100);
  },
  "stops in order": async () => {
    const { watch, life } = withLifecycle();
    watch.worker("resize", () => new Worker("setInterval(() => {}, 50)", { eval: true }));
    watch.child("ffmpeg", waits);
    watch.task("consume", (signal) => sleep(60_000, signal));
    await sleep(300);
    life.stop("enough");
  },
  "blocked loop": async () => {
    withLifecycle(quick);
    process.on("exit", (code) => print(`exit listener ${code}`));
    await sleep(200);
    burnCpu(15_000);
  },
  "blocked in a regular expression": async () => {
    withLifecycle({ ...quick, json: true });
    await sleep(200);
    /^(a+)+$/.test(`${"a".repeat(40)}b`);
  },
  "blocked in native code": async () => {
    withLifecycle(quick);
    await sleep(200);
    execFileSync(process.execPath, ["-e", "setTimeout(() => {}, 6_000)"]);
  },
  "blocked for a while": async () => {
    withLifecycle({ ...quick, exitMs: 10_000 });
    await sleep(200);
    burnCpu(1_000);
    await sleep(300);
  },
  "stands still": async () => {
    withLifecycle({ ...quick, blockedMs: 800, exitMs: 1_500 });
    print("ready");
    await sleep(3_000);
    print("still there");
  },
  "the sweep is broken": async () => {
    const outer = startOuter(quick);
    outer.beat();
    return holds();
  },
  figures: async () => {
    const rssOf = (): number => {
      const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
      return Number(kib) / 1_024;
    };
    rssOf();
    await sleep(300);
    const rss = rssOf();
    const before = clock.now();
    const outer = startOuter();
    const startMs = clock.now() - before;
    await sleep(500);
    const cpu = process.cpuUsage();
    await sleep(1_000);
    const { user, system } = process.cpuUsage(cpu);
    print(JSON.stringify({ rssMb: rssOf() - rss, startMs, cpuPercent: (user + system) / 10_000 }));
    outer[Symbol.dispose]();
  },
};

const [name = ""] = process.argv.slice(2);
await cases[name]?.();
