// The rules that people use to be told before something is full, to be shown beside ours.
export interface Rule {
  readonly name: string;
  /** How far it looks ahead, in minutes. */
  readonly horizon: number;
  /** What it says at each minute: whether it alarms, and when it will be full, NaN if it cannot tell. */
  readonly run: (values: Float64Array) => Said;
}

export interface Said {
  readonly alarm: Uint8Array;
  /** Minutes from then. */
  readonly eta: Float64Array;
}

/** Prometheus' predict_linear: least squares over the samples of the window that there are. */
function leastSquares(
  values: Float64Array,
  window: number,
): { slope: Float64Array; level: Float64Array } {
  const slope = new Float64Array(values.length);
  const level = new Float64Array(values.length);
  for (let end = 0; end < values.length; end++) {
    const from = Math.max(0, end - window + 1);
    let [n, x, y, xx, xy] = [0, 0, 0, 0, 0];
    for (let i = from; i <= end; i++) {
      const [at, value] = [i - end, values[i] ?? 0];
      n++;
      x += at;
      y += value;
      xx += at * at;
      xy += at * value;
    }
    const bottom = n * xx - x * x;
    slope[end] = bottom === 0 ? 0 : (n * xy - x * y) / bottom;
    level[end] = (y - (slope[end] ?? 0) * x) / n;
  }
  return { slope, level };
}

interface Linear {
  readonly window: number;
  readonly horizon: number;
  readonly above: number;
  readonly forMinutes: number;
}

function linear(name: string, { window, horizon, above, forMinutes }: Linear): Rule {
  const run = (values: Float64Array): Said => {
    const { slope, level } = leastSquares(values, window);
    const alarm = new Uint8Array(values.length);
    const eta = new Float64Array(values.length);
    let held = 0;
    for (let i = 0; i < values.length; i++) {
      const [a, b] = [slope[i] ?? 0, level[i] ?? 0];
      held = i > 0 && b + a * horizon >= 1 && (values[i] ?? 0) > above ? held + 1 : 0;
      alarm[i] = held > forMinutes ? 1 : 0;
      eta[i] = a > 0 ? Math.max(0, (1 - b) / a) : Number.NaN;
    }
    return { alarm, eta };
  };
  return { name, horizon, run };
}

const static90: Rule = {
  name: "static 90 % for 5m",
  horizon: 240,
  run: (values) => {
    let held = 0;
    const alarm = Uint8Array.from(values, (value) => {
      held = value >= 0.9 ? held + 1 : 0;
      return held > 5 ? 1 : 0;
    });
    return { alarm, eta: new Float64Array(values.length).fill(Number.NaN) };
  },
};

/** Of means of 10 minutes over 6 hours; the lower quartile of the slopes must reach the limit. */
const theilSen: Rule = {
  name: "Theil-Sen 6h, lower quartile",
  horizon: 240,
  run: (values) => {
    const alarm = new Uint8Array(values.length);
    const eta = new Float64Array(values.length).fill(Number.NaN);
    const means: number[] = [];
    for (let i = 9; i < values.length; i++) {
      if (i % 10 === 9) {
        let sum = 0;
        for (let k = 0; k < 10; k++) sum += values[i - k] ?? 0;
        means.push(sum / 10);
        if (means.length > 36) means.shift();
      }
      if (i % 10 !== 9 || means.length < 6) {
        alarm[i] = alarm[i - 1] ?? 0;
        eta[i] = (eta[i - 1] ?? Number.NaN) - 1;
        continue;
      }
      const slopes: number[] = [];
      for (let b = 1; b < means.length; b++) {
        for (let a = 0; a < b; a++)
          slopes.push(((means[b] ?? 0) - (means[a] ?? 0)) / (10 * (b - a)));
      }
      const sorted = Float64Array.from(slopes).sort();
      const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
      const [level, quarter, half] = [means.at(-1) ?? 0, at(0.25), at(0.5)];
      alarm[i] = quarter > 0 && (1 - level) / quarter <= 240 ? 1 : 0;
      eta[i] = half > 0 ? Math.max(0, (1 - level) / half) : Number.NaN;
    }
    return { alarm, eta };
  },
};

export const peers: readonly Rule[] = [
  linear("predict_linear 1h to 4h for 5m", { window: 60, horizon: 240, above: 0, forMinutes: 5 }),
  linear("node-mixin critical", { window: 360, horizon: 240, above: 0.8, forMinutes: 60 }),
  linear("node-mixin warning", { window: 360, horizon: 1_440, above: 0.6, forMinutes: 60 }),
  static90,
  theilSen,
];
