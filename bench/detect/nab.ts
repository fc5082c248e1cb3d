// Numenta's scoring of streaming detectors (Lavin and Ahmad 2015, and the repository's published rules).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface LabelledSeries {
  /** "realTweets/Twitter_volume_AMZN.csv" */
  readonly name: string;
  /** Milliseconds, as written in the file; its clock knows no time zone. */
  readonly atMs: Float64Array;
  readonly values: Float64Array;
  /** First and last index of each labelled window. */
  readonly windows: readonly (readonly [number, number])[];
}

export interface Profile {
  readonly name: string;
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
}

export const standard: Profile = {
  ...{ name: "standard", truePositive: 1, falsePositive: 0.11, falseNegative: 1 },
};
export const fewFalsePositives: Profile = { ...standard, name: "low FP", falsePositive: 0.22 };
export const fewFalseNegatives: Profile = { ...standard, name: "low FN", falseNegative: 2 };

export function readNab(folder: string): readonly LabelledSeries[] {
  const labels: unknown = JSON.parse(readFileSync(join(folder, "combined_windows.json"), "utf8"));
  const data = join(folder, "data");
  const categories = readdirSync(data, { withFileTypes: true }).filter((it) => it.isDirectory());
  return categories.flatMap(({ name: category }) =>
    readdirSync(join(data, category))
      .filter((file) => file.endsWith(".csv"))
      .toSorted()
      .map((file) => readSeries(data, `${category}/${file}`, labels)),
  );
}

function readSeries(folder: string, name: string, labels: unknown): LabelledSeries {
  const rows = readFileSync(join(folder, name), "utf8").trim().split("\n").slice(1);
  const atMs = new Float64Array(rows.length);
  const values = new Float64Array(rows.length);
  for (const [i, row] of rows.entries()) {
    const [time = "", value = ""] = row.split(",");
    atMs[i] = msOf(time);
    values[i] = Number(value);
  }
  const said = (labels as Record<string, readonly (readonly [string, string])[]>)[name];
  if (!said) throw new Error(`combined_windows.json says nothing of ${name}`);
  const windows = said.map(([from, to]) => {
    const first = atMs.findIndex((at) => at >= msOf(from));
    const last = atMs.findLastIndex((at) => at <= msOf(to));
    return [first, last] as const;
  });
  return { name, atMs, values, windows };
}

function msOf(time: string): number {
  return Date.parse(`${time.trim().replace(" ", "T")}Z`);
}

/** Points before this one are not scored: 15 % of a series, of 5,000 points at most. */
export function probationOf({ length }: ArrayLike<unknown>): number {
  return Math.floor(0.15 * Math.min(length, 5_000));
}

/** +1 far inside a window's beginning, 0 at its end, towards -1 behind it. */
function reward(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

interface Point {
  readonly score: number;
  /** What an alarm here adds, before it is weighed: of a window its best only. */
  readonly worth: number;
  /** Which window of all series it is in; -1 is none. */
  readonly window: number;
}

export interface NabScore {
  /** 0 is a detector that says nothing, 100 one that is right at once and never wrong. */
  readonly score: number;
  readonly threshold: number;
  readonly found: number;
  readonly windows: number;
  readonly falsePoints: number;
}

/** What alarms at a fixed threshold are worth. */
export function scoreAt(
  series: readonly LabelledSeries[],
  scores: readonly ArrayLike<number>[],
  profile: Profile,
  threshold: number,
): NabScore {
  const { points, windows } = pointsOf(series, scores);
  return tally(
    points.filter(({ score }) => score >= threshold),
    windows,
    profile,
    threshold,
  );
}

/** The best one threshold for all series can do: what the benchmark reports. */
export function bestScore(
  series: readonly LabelledSeries[],
  scores: readonly ArrayLike<number>[],
  profile: Profile,
): NabScore {
  const { points, windows } = pointsOf(series, scores);
  const falling = points.toSorted((a, b) => b.score - a.score);
  const best = new Map<number, number>();
  let [sum, top, topAt] = [-windows * profile.falseNegative, Number.NEGATIVE_INFINITY, 0];
  if (sum > top) [top, topAt] = [sum, Number.POSITIVE_INFINITY];
  for (const [i, { score, worth, window }] of falling.entries()) {
    if (window < 0) sum += worth * profile.falsePositive;
    else {
      const before = best.get(window);
      const gained = worth * profile.truePositive;
      if (before === undefined) sum += profile.falseNegative + gained;
      else if (gained > before) sum += gained - before;
      best.set(window, Math.max(before ?? 0, gained));
    }
    // All points of one score come together.
    if (falling[i + 1]?.score !== score && sum > top) [top, topAt] = [sum, score];
  }
  return scoreAt(series, scores, profile, topAt);
}

function pointsOf(
  series: readonly LabelledSeries[],
  scores: readonly ArrayLike<number>[],
): { readonly points: Point[]; readonly windows: number } {
  const points: Point[] = [];
  let windows = 0;
  for (const [s, { values, windows: own }] of series.entries()) {
    const from = probationOf(values);
    let next = 0;
    for (let i = 0; i < values.length; i++) {
      while (next < own.length && i > (own[next]?.[1] ?? 0)) next++;
      if (i < from) continue;
      const score = scores[s]?.[i] ?? 0;
      const inside = own[next];
      if (inside && i >= inside[0]) {
        const width = inside[1] - inside[0] + 1;
        const worth = reward(-(inside[1] - i + 1) / width) / reward(-1);
        points.push({ score, worth, window: windows + next });
      } else {
        const before = own[next - 1];
        const worth = before ? reward((i - before[1]) / (before[1] - before[0])) : -1;
        points.push({ score, worth, window: -1 });
      }
    }
    windows += own.length;
  }
  return { points, windows };
}

function tally(
  alarms: readonly Point[],
  windows: number,
  profile: Profile,
  threshold: number,
): NabScore {
  const best = new Map<number, number>();
  let [sum, falsePoints] = [0, 0];
  for (const { worth, window } of alarms) {
    if (window >= 0) best.set(window, Math.max(best.get(window) ?? 0, worth));
    else {
      sum += worth * profile.falsePositive;
      falsePoints++;
    }
  }
  for (const worth of best.values()) sum += worth * profile.truePositive;
  sum -= (windows - best.size) * profile.falseNegative;
  const nothing = -windows * profile.falseNegative;
  const perfect = windows * profile.truePositive;
  const score = (100 * (sum - nothing)) / (perfect - nothing);
  return { score, threshold, found: best.size, windows, falsePoints };
}
