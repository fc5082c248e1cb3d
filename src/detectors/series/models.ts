// Which series models there are, by name.
import { adaptive } from "./adaptive.ts";
import { distributionShift } from "./distribution.ts";
import { luminolVote } from "./luminol.ts";
import type { SeriesModel } from "./model.ts";
import { changePoint, holt, level, profile, range, rateOfChange } from "./simple.ts";
import { skyline } from "./skyline.ts";
import { spot } from "./spot.ts";

export type SeriesModelName =
  | "adaptive"
  | "skyline"
  | "luminol"
  | "range"
  | "daily"
  | "weekly"
  | "level"
  | "rate"
  | "change"
  | "holt"
  | "spot"
  | "dspot"
  | "distribution";

export const seriesModels: Readonly<Record<SeriesModelName, () => SeriesModel>> = {
  adaptive: () => adaptive(),
  skyline: () => skyline(),
  luminol: () => luminolVote(),
  range: () => range(),
  daily: () => profile({ period: "day" }),
  weekly: () => profile({ period: "week" }),
  level: () => level(),
  rate: () => rateOfChange(),
  change: () => changePoint(),
  holt: () => holt(),
  spot: () => spot(),
  dspot: () => spot({ drift: 200 }),
  distribution: () => distributionShift(),
};

/** A model holds no state of a series: one serves all. */
export function seriesModel(name: SeriesModelName): SeriesModel {
  return seriesModels[name]();
}
