// The processes that are measured, as programs of a user: plain JavaScript beside the built package.

/** What stands in a process; each is measured against the one it adds to. */
export interface Subject {
  readonly name: string;
  readonly code: string;
  /** The process without it. */
  readonly without?: string;
}

const bare = 'const { createApp } = await import("homeostat");';
const quiet = "{ watchdog: { outer: false } }";

/** Answers what it is asked, and has answered 200 times when it is measured. */
const serving = `
const { createServer, get, Agent } = process.getBuiltinModule("node:http");
const server = createServer((request, response) => response.end("hello"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const agent = new Agent({ keepAlive: true });
const ask = () => new Promise((resolve, reject) => {
  const options = { agent, port: server.address().port, host: "127.0.0.1" };
  get(options, (answer) => answer.resume().on("end", resolve)).on("error", reject);
});`;
const served = "for (let i = 0; i < 200; i++) await ask();";

export const subjects: readonly Subject[] = [
  { name: "empty", code: "" },
  { name: "line", code: 'process.stdout.write("a line\\n"); performance.now();', without: "empty" },
  {
    name: "thread",
    code: `
const { Worker } = process.getBuiltinModule("node:worker_threads");
const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };
new Worker("setInterval(() => {}, 1e6)", { eval: true, resourceLimits });`,
    without: "empty",
  },
  { name: "app", code: `${bare} await createApp("shop", ${quiet}).start();`, without: "empty" },
  { name: "watched", code: `${bare} await createApp("shop").start();`, without: "empty" },
  { name: "web", code: `${serving} ready(); ${served}` },
  {
    name: "web app",
    code: `${serving} ${bare} const app = createApp("shop", ${quiet}); app.server("web", server);
await app.start(); ready(); ${served}`,
    without: "web",
  },
  {
    name: "web watched",
    code: `${serving} ${bare} const app = createApp("shop"); app.server("web", server);
await app.start(); ready(); ${served}`,
    without: "web",
  },
];

/** What a process tells of itself, in milliseconds and megabytes. */
export interface Told {
  /** From the start of the process until all is there. */
  readonly startMs: number;
  /** CPU time of the same. */
  readonly startCpuMs: number;
  readonly rss: number;
  readonly pss: number;
  readonly privateDirty: number;
  /** CPU time a minute while nothing happens. */
  readonly idleMs: number;
}

/** The subject's program: tells on descriptor 3, as its outputs belong to the app. */
export function programOf({ code }: Subject): string {
  return `
const begun = {};
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e3; };
const ready = () => { begun.startMs ??= process.uptime() * 1e3; begun.startCpuMs ??= cpu(); };
const [, , settleMs, idleMs] = process.argv.map(Number);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
${code}
ready();
await sleep(settleMs);
const { readFileSync, writeSync } = process.getBuiltinModule("node:fs");
const memory = readFileSync("/proc/self/smaps_rollup", "utf8");
const mb = (name) => Number(new RegExp("^" + name + ":\\\\s+(\\\\d+) kB", "m").exec(memory)[1]) * 1024 / 1e6;
const before = cpu();
await sleep(idleMs);
const idle = idleMs > 0 ? (cpu() - before) * 60_000 / idleMs : NaN;
const told = { ...begun, rss: mb("Rss"), pss: mb("Pss"), privateDirty: mb("Private_Dirty"), idleMs: idle };
writeSync(3, JSON.stringify(told));
process.exit();`;
}
