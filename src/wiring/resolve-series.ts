// The recorded past with every default filled in.
import { parseDuration } from "../kernel/duration.ts";
import { type KeepMs, usualKeepMs } from "../stores/series/retention.ts";
import { type Resolution, resolutions } from "../stores/series/series-store.ts";
import type { Config } from "./config.ts";
import { logBytesOf } from "./forms.ts";

export interface ResolvedSeries {
  readonly max: number;
  readonly maxBytes: number;
  readonly keepMs: KeepMs;
}

const usual = { max: 10_000, maxBytes: 512_000_000 };

/** Undefined: nothing is recorded. */
export function toSeries({ series }: Config): { readonly series?: ResolvedSeries } {
  if (series === false) return {};
  const { keep = {}, size, max = usual.max } = series ?? {};
  const kept = resolutions.map((of): readonly [Resolution, number] => [
    of,
    parseDuration(keep[of] ?? "") ?? usualKeepMs[of],
  ]);
  const maxBytes = (size === undefined ? undefined : logBytesOf(size)) ?? usual.maxBytes;
  return { series: { max, maxBytes, keepMs: Object.fromEntries(kept) as KeepMs } };
}
