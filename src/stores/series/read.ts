// Reads a stretch of one series: from blocks of its resolution, and what is not rolled up yet from finer ones.
import type { Head } from "./head.ts";
import { finerThan, type Progress, progressOf, stretchIn } from "./roll-up.ts";
import type { SeriesFile } from "./series-file.ts";
import { type Resolution, type Stretch, stepMs } from "./series-store.ts";
import { type Shards, shardOf, slotOf } from "./shards.ts";
import { cutStretch, emptyStretch, joined, pointsInOrder, rollUp } from "./stretch.ts";

interface Sources {
  readonly file: SeriesFile;
  readonly shards: Shards;
  readonly progress: ReadonlyMap<number, Progress>;
}

export function readSeries(
  sources: Sources,
  id: number,
  fromMs: number,
  toMs: number,
  resolution: Resolution,
  onDamaged: () => void,
): Stretch {
  const { file, shards } = sources;
  const shard = shardOf(id);
  const progress = sources.progress.get(shard) ?? progressOf(file, shard, shards.nowMs);
  const written = (of: Resolution, from: number, to: number): Stretch => {
    const blocks = file.blocks(of, shard, from, to);
    for (const block of blocks) if (!block) onDamaged();
    const whole = blocks.filter((block) => block !== undefined);
    return stretchIn(of, whole, slotOf(id), onDamaged);
  };
  const read = (of: Resolution, from: number, to: number): Stretch => {
    if (of === "raw") {
      const { at, last } = withHead(written(of, from, to), shards.headOf(id));
      return cutStretch(pointsInOrder(at, last), from, to);
    }
    const step = stepMs[of];
    const [startMs, endMs] = [Math.floor(from / step) * step, Math.ceil(to / step) * step];
    const rolledMs = progress.untilMs[of];
    const before =
      startMs < rolledMs ? written(of, startMs, Math.min(rolledMs, endMs)) : emptyStretch();
    const after =
      endMs > rolledMs
        ? rollUp(read(finerThan[of], Math.max(startMs, rolledMs), endMs), step)
        : emptyStretch();
    return cutStretch(joined(before, after, step), startMs, endMs);
  };
  return read(resolution, fromMs, toMs);
}

function withHead(
  { at, last }: Stretch,
  head: Head | undefined,
): { readonly at: number[]; readonly last: number[] } {
  if (!head || head.count === 0) return { at, last };
  return {
    at: [...at, ...head.atMs.subarray(0, head.count)],
    last: [...last, ...head.values.subarray(0, head.count)],
  };
}
