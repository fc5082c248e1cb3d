// Measures the series store: ten thousand series at one point a second, their bytes, and what it takes.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeColumn } from "../../src/stores/series/column.ts";
import { significant } from "../../src/stores/series/significant.ts";
import { sqliteSeries } from "../../src/stores/series/sqlite-series.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { atMost, type Figure, shown } from "../table.ts";
import { gauss } from "./world.ts";

type Random = () => number;
/** The next value of a series. */
type Next = () => number;

const count = 10_000;
/** As many as two windows of ten-second buckets, and what lies on both sides. */
const seconds = 3_000;
const stretch = 90;
const digits = 6;

/** What moves as what is measured moves: little from one second to the next. */
const smooth: Readonly<Record<string, (random: Random) => Next>> = {
  "constant (descriptors, threads, a probe)": (random) => {
    const value = Math.floor(random() * 40);
    return () => value;
  },
  "memory, in pages, with collections": (random) => {
    let pages = 20_000;
    return () => {
      if (random() < 0.3) pages += Math.floor(random() * 40);
      if (random() < 0.02) pages = 20_000;
      return pages * 4_096;
    };
  },
  "a level in tenths that drifts": (random) => {
    let level = 40;
    return () => {
      level += gauss(random) * 0.2;
      return Math.round(level * 10) / 10;
    };
  },
  "requests a second, whole, 200 ± 14": (random) => () => Math.round(200 + 14 * gauss(random)),
  "CPU in ticks of 10 ms": (random) => () => Math.max(0, Math.round(4 + 2 * gauss(random))) / 100,
};

const noisy: Readonly<Record<string, (random: Random) => Next>> = {
  "noise of six digits": (random) => () => significant(100 + gauss(random), digits),
  "noise of all digits": (random) => () => 100 + gauss(random),
};

function bytesOf(kind: (random: Random) => Next): number {
  const next = kind(seeded(3));
  let bytes = 0;
  const rounds = 100;
  for (let round = 0; round < rounds; round++) {
    const values = Array.from({ length: stretch }, next);
    bytes += encodeColumn(values, 0, values.length).length;
  }
  return bytes / (rounds * stretch);
}

interface Run {
  readonly coreShare: number;
  readonly beatMs: number;
  readonly bytesPerPoint: number;
  readonly rawBytesPerPoint: number;
  readonly growthMb: number;
  readonly rssMb: number;
  readonly readMs: number;
}

/** As many seconds as fast as they go: CPU time does not depend on how fast. */
function run(): Run {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-bench-series-"));
  const startMs = 20_000 * 86_400_000;
  const store = sqliteSeries({ folder, project: "bench", nowMs: startMs, max: count });
  const kinds = Object.values(smooth);
  const series = Array.from({ length: count }, (_, i) => {
    const target = `web/${Math.floor(i / 10)}`;
    const id = store.idOf({ target, metric: `m${i % 10}`, unit: "count" }) ?? 0;
    return { id, next: kinds[i % kinds.length]?.(seeded(i)) ?? (() => 0) };
  });
  const values = series.map(() => 0);
  let [usedMs, longestMs, rssAtHalf] = [0, 0, 0];
  for (let second = 0; second < seconds; second++) {
    for (const [i, { next }] of series.entries()) values[i] = next();
    const before = process.cpuUsage();
    // Each target is measured at a moment of its own, some milliseconds apart, as in life.
    const atMs = startMs + second * 1_000;
    for (const [i, { id }] of series.entries())
      store.append(id, atMs + (i % 100 < 50 ? 0 : 7), values[i] ?? 0);
    store.beat(atMs + 20);
    const { user, system } = process.cpuUsage(before);
    const tookMs = (user + system) / 1_000;
    usedMs += tookMs;
    if (second > 10) longestMs = Math.max(longestMs, tookMs);
    if (second === Math.floor(seconds / 2)) rssAtHalf = process.memoryUsage.rss();
  }
  const rss = process.memoryUsage.rss();
  const fromMs = performance.now();
  const reads = 20;
  for (let i = 0; i < reads; i++)
    store.read(series[i * 7]?.id ?? 0, startMs, startMs + seconds * 1_000, "raw");
  const readMs = (performance.now() - fromMs) / reads;
  const { points, bytes, losses } = store.stats();
  const lost = Object.values(losses).reduce((sum, it) => sum + it, 0);
  if (lost > 0 || points !== count * seconds) throw new Error(`${lost} points were left out`);
  store.close();
  const file = statSync(join(folder, "series.db")).size;
  rmSync(folder, { recursive: true });
  return {
    coreShare: usedMs / (seconds * 1_000),
    beatMs: longestMs,
    bytesPerPoint: Math.max(bytes, file) / points,
    rawBytesPerPoint:
      Object.values(smooth).reduce((sum, kind) => sum + bytesOf(kind), 0) / kinds.length,
    growthMb: (rss - rssAtHalf) / 1e6,
    rssMb: rss / 1e6,
    readMs,
  };
}

export function store(): readonly Figure[] {
  const ran = run();
  const each = { ...smooth, ...noisy };
  return [
    ...Object.entries(each).map(([name, kind]) => shown(`bytes a point: ${name}`, bytesOf(kind))),
    atMost("bytes a point of smooth metrics, as points", ran.rawBytesPerPoint, 2),
    shown("bytes a point of the file, with roll-ups and all else", ran.bytesPerPoint),
    atMost(`share of a core, ${count} series at 1 Hz, %`, ran.coreShare * 100, 10),
    shown("longest second of it, ms of CPU", ran.beatMs),
    shown("resident memory at its end, MB", ran.rssMb),
    atMost("its growth over the second half, MB", ran.growthMb, 15),
    shown(`one series of ${Math.round(seconds / 60)} minutes read, ms`, ran.readMs),
  ];
}
