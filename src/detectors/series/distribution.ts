// Distribution shift: whether the last points fall where points usually fall.
import { modelOf } from "./feature.ts";
import type { SeriesModel } from "./model.ts";
import { createRobust } from "./robust.ts";

/** Bins between these deviations from the median; the outermost are open. */
const edges = [-2, -1, -0.5, 0, 0.5, 1, 2];
const bins = edges.length + 1;
const shortPoints = 60;
const longPoints = 2_000;

/**
 * The Jensen–Shannon divergence of two histograms with exponential memory, of about 60 points and
 * of about 2,000, over bins that follow the running median and deviation: 0 alike … 1 apart.
 */
export function distributionShift(): SeriesModel {
  return modelOf({ name: "distribution", unit: 1 }, (slots) => {
    const center = createRobust(slots);
    const short = slots.take(2 * bins);
    const long = short + bins;
    return {
      begin(state) {
        center.begin(state);
        state.fill(1 / bins, short, short + 2 * bins);
      },
      step(state, { value, n }) {
        const side = Math.sign(value - center.median(state));
        const z = side * center.step(state, value);
        let bin = 0;
        while (bin < edges.length && z > (edges[bin] ?? 0)) bin++;
        const [fast, slow] = [1 / Math.min(n, shortPoints), 1 / Math.min(n, longPoints)];
        let divergence = 0;
        for (let i = 0; i < bins; i++) {
          const hit = i === bin ? 1 : 0;
          const p = (state[short + i] ?? 0) * (1 - fast) + hit * fast;
          const q = (state[long + i] ?? 0) * (1 - slow) + hit * slow;
          state[short + i] = p;
          state[long + i] = q;
          divergence += information(p, q) + information(q, p);
        }
        return n > 2 * shortPoints ? Math.max(0, divergence / 2) : 0;
      },
      expected: (state) => center.median(state),
      spread: (state) => 3 * center.deviation(state),
    };
  });
}

function information(p: number, q: number): number {
  return p > 0 ? p * Math.log2((2 * p) / (p + q)) : 0;
}
