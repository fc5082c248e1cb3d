// Measures the runtime: memory and start-up that an app adds to a process, CPU at rest, metrics.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { metricsFigures } from "./runtime/metrics.ts";
import { atRest, type Measured, measured, prepare } from "./runtime/processes.ts";
import { atMost, type Figure, report, shown } from "./table.ts";

/** Rss of /proc/self/smaps_rollup: also pages of Node's program, which all its processes share. */
function memory({ added, of }: Measured): readonly Figure[] {
  const others = (name: string, what: string): readonly Figure[] => [
    shown(`${what}: PSS added (MB)`, added(name, "pss")),
    shown(`${what}: private dirty added (MB)`, added(name, "privateDirty")),
  ];
  return [
    shown("an empty process, RSS (MB)", of("empty", "rss")),
    shown("a line on stdout and a look at the clock: RSS added (MB)", added("line", "rss")),
    shown("an empty worker thread of Node: RSS added (MB)", added("thread", "rss")),
    atMost("app without the outer watch: RSS added (MB)", added("app", "rss"), 3),
    ...others("app", "app without the outer watch"),
    atMost("app with the outer watch: RSS added (MB)", added("watched", "rss"), 12),
    ...others("watched", "app with the outer watch"),
    shown("a process that serves HTTP, RSS (MB)", of("web", "rss")),
    shown("there, app without the outer watch: RSS added (MB)", added("web app", "rss")),
    ...others("web app", "there, app without the outer watch"),
    shown("there, app with the outer watch: RSS added (MB)", added("web watched", "rss")),
    ...others("web watched", "there, app with the outer watch"),
  ];
}

function startUp(plain: Measured, cached: Measured): readonly Figure[] {
  const { of, added } = plain;
  return [
    shown("start of an empty process (ms)", of("empty", "startMs")),
    shown("a line on stdout and a look at the clock: added (ms)", added("line", "startMs")),
    atMost("start-up added by the app (ms)", added("watched", "startMs"), 25),
    shown("the same without the outer watch (ms)", added("app", "startMs")),
    shown("the same, CPU (ms)", added("app", "startCpuMs")),
    shown("the same in a process that serves HTTP (ms)", added("web app", "startMs")),
    shown("with a warm NODE_COMPILE_CACHE (ms)", cached.added("watched", "startMs")),
  ];
}

function rest({ of }: Measured): readonly Figure[] {
  const perMinute = (name: string, what: string): Figure =>
    shown(`${what}, at rest (ms CPU a minute)`, of(name, "idleMs"));
  return [
    perMinute("empty", "an empty process"),
    perMinute("app", "an app without the outer watch"),
    perMinute("watched", "an app with the outer watch"),
    perMinute("web", "a process that serves HTTP"),
    perMinute("web watched", "there, an app with the outer watch"),
  ];
}

const json = process.argv.includes("--json");
const folder = mkdtempSync(join(tmpdir(), "homeostat-bench-"));
try {
  await prepare(folder);
  const plain = await measured(folder, 9);
  const cached = await measured(folder, 5, ["empty", "watched"], join(folder, "cache"));
  const resting = await atRest(folder, 10_000);
  const figures = [...memory(plain), ...startUp(plain, cached), ...rest(resting)];
  report([...figures, ...(await metricsFigures())], { json });
} finally {
  rmSync(folder, { recursive: true });
}
