// A flood of log: whether the daemon's memory stays where it was, and the disk within its bound.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stateOf } from "../../src/wiring/logs.ts";
import type { Bench } from "./group.ts";
import { createOurs, type Ours } from "./ours.ts";
import { memoryOf } from "./processes.ts";
import { atLeast, atMost, ours, type Row, shown } from "./table.ts";

const flooder = fileURLToPath(new URL("../../test/process/support/log-flood.ts", import.meta.url));

const total = { full: 10_000_000_000, quick: 1_000_000_000 };
const perSecond = 100_000_000;
/** As many as write together, each a share of it. */
const writers = 2;
const rotation = { size: "64MB", keep: 2 } as const;
/** What may be there at once: what comes between two looks, what is archived, and a hole at work. */
const mostDiskMb = 1_000;
const lookMs = 500;
const settleMs = 3_000;
/** What a daemon grows by when it has something to do at all, and what counts as flat after that. */
const [firstMb, flatMb] = [40, 10];
/** The share of the flood that is the beginning. */
const beginning = 0.2;

interface Seen {
  readonly restMb: number;
  /** The most of the beginning. */
  begunMb: number;
  mostMb: number;
  mostDiskMb: number;
  writtenMb: number;
}

export async function flood(bench: Bench): Promise<readonly Row[]> {
  const { scratch, quick, say } = bench;
  const bytes = quick ? total.quick : total.full;
  const each = Math.round(bytes / writers);
  const line = `sleep 4; ${process.execPath} ${flooder} lines ${each} ${perSecond / writers}; exec sleep 600`;
  const services = Object.fromEntries(
    Array.from({ length: writers }, (_, n) => [
      `flood${n}`,
      { command: ["/bin/sh", "-c", line], logs: rotation },
    ]),
  );
  const home = await createOurs(scratch, "flood", services);
  const daemon = await home.up();
  await home.healthy();
  await sleep(1_000);
  const limitMs = (bytes / perSecond) * 1_000 * 4 + 60_000;
  const seen = await watch(home, daemon.pid ?? 0, bytes / 1e6, limitMs);
  say(
    `flood: ${Math.round(seen.writtenMb)} MB written, daemon ${seen.restMb.toFixed(0)} → ${seen.mostMb.toFixed(0)} MB`,
  );
  await home.stop();
  const of = (value: number): Row["cells"] => ({ [ours]: value });
  return [
    atLeast("flood of log: written (MB)", of(seen.writtenMb), (bytes / 1e6) * 0.99),
    shown("… daemon before it: RSS (MB)", of(seen.restMb)),
    atMost("… daemon in it: growth of RSS (MB)", of(seen.mostMb - seen.restMb), firstMb),
    atMost("  of which after its first fifth", of(seen.mostMb - seen.begunMb), flatMb),
    atMost("… disk that the logs took at most (MB)", of(seen.mostDiskMb), mostDiskMb),
  ];
}

/** Until all is written, and a moment after that. */
async function watch(home: Ours, pid: number, wantedMb: number, limitMs: number): Promise<Seen> {
  const restMb = memoryOf(pid).rss;
  const seen: Seen = { restMb, begunMb: restMb, mostMb: restMb, mostDiskMb: 0, writtenMb: 0 };
  const untilMs = performance.now() + limitMs;
  let over: number | undefined;
  while (performance.now() < Math.min(untilMs, over ?? untilMs)) {
    await sleep(lookMs);
    const logs = logsOf(home);
    seen.mostMb = Math.max(seen.mostMb, memoryOf(pid).rss);
    if (logs.writtenMb < wantedMb * beginning) seen.begunMb = seen.mostMb;
    seen.mostDiskMb = Math.max(seen.mostDiskMb, logs.diskMb);
    seen.writtenMb = logs.writtenMb;
    if (seen.writtenMb >= wantedMb * 0.999) over ??= performance.now() + settleMs;
  }
  return seen;
}

/** What was ever written to a log is told by its offsets, what is there by its blocks. */
function logsOf({ state }: Ours): { readonly diskMb: number; readonly writtenMb: number } {
  const folder = join(state, "logs");
  let [diskMb, writtenMb] = [0, 0];
  for (const name of readdirSync(folder)) {
    if (!name.startsWith("flood")) continue;
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    diskMb += ((found?.blocks ?? 0) * 512) / 1e6;
    if (name.endsWith(".log")) writtenMb += (stateOf(join(folder, name))?.end ?? 0) / 1e6;
  }
  return { diskMb, writtenMb };
}
