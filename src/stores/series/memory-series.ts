// Series that live and die with their process: for tests, simulations and where nothing may be written.

import { createHead, drop, type Head, put } from "./head.ts";
import { createNames } from "./names.ts";
import { type Resolution, type SeriesStore, type Stretch, stepMs } from "./series-store.ts";
import { aheadMs } from "./shards.ts";
import { cutStretch, pointsInOrder, rollUp } from "./stretch.ts";

export interface MemorySeriesOptions {
  /** Ms since 1970. */
  readonly nowMs: number;
  /** Series at most; 10 000 unless told. */
  readonly max?: number;
  /** The newest points of each that are kept; 4096 unless told. */
  readonly pointsMax?: number;
}

/** From one series' last point until it may make room for another one. */
const forgetMs = 2 * 86_400_000;
const bytesPerPoint = 16;

export function memorySeries(options: MemorySeriesOptions): SeriesStore {
  const { max = 10_000, pointsMax = 4_096 } = options;
  const heads = new Map<number, Head>();
  const losses = { late: 0, early: 0, duplicate: 0, notFinite: 0, crowded: 0, refused: 0 };
  const names = createNames({
    ...{ max, forgetMs, onNew: () => {} },
    onForgotten: (id) => heads.delete(id),
  });
  let nowMs = options.nowMs;
  let points = 0;
  const headOf = (id: number): Head => {
    const head = heads.get(id) ?? createHead();
    heads.set(id, head);
    return head;
  };
  return {
    name: "memory",
    idOf: (series) => {
      const id = names.idOf(series, nowMs);
      if (id === undefined) losses.refused += 1;
      return id;
    },
    append: (id, time, value) => {
      const atMs = Math.round(time);
      const head = headOf(id);
      if (!Number.isFinite(value)) losses.notFinite += 1;
      else if (!(atMs <= nowMs + aheadMs)) losses.early += 1;
      else {
        // A piece of the oldest at a time: each drop moves all the others.
        if (head.count >= pointsMax) drop(head, Math.ceil(pointsMax / 8));
        const became = put(head, atMs, value, pointsMax);
        if (became === "new") points += 1;
        else losses[became] += 1;
        names.seen(id, atMs);
      }
    },
    beat: (toMs) => {
      nowMs = toMs;
    },
    read: (id, fromMs, toMs, resolution) => readHead(heads.get(id), fromMs, toMs, resolution),
    list: (match = () => true) => [...names.all()].filter(match),
    stats: () => {
      const all = [...heads.values()];
      const oldest = Math.min(
        ...all.map((it) => (it.count > 0 ? (it.atMs[0] ?? 0) : Number.POSITIVE_INFINITY)),
      );
      return {
        ...{ series: names.count, seriesMax: max, points, losses: { ...losses }, damaged: 0 },
        bytes: all.reduce((sum, it) => sum + it.atMs.length * bytesPerPoint, 0),
        oldestMs: Number.isFinite(oldest) ? { raw: oldest } : {},
      };
    },
    close: () => heads.clear(),
  };
}

function readHead(
  head: Head | undefined,
  fromMs: number,
  toMs: number,
  resolution: Resolution,
): Stretch {
  const count = head?.count ?? 0;
  const points = pointsInOrder(
    [...(head?.atMs.subarray(0, count) ?? [])],
    [...(head?.values.subarray(0, count) ?? [])],
  );
  if (resolution === "raw") return cutStretch(points, fromMs, toMs);
  const step = stepMs[resolution];
  const [startMs, endMs] = [Math.floor(fromMs / step) * step, Math.ceil(toMs / step) * step];
  return rollUp(cutStretch(points, startMs, endMs), step);
}
