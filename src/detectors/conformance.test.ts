// Every detector of ours keeps to the contract.
import { metrics, type Reading, reading } from "../model/reading.ts";
import { detectorConformance } from "../testing/detector-conformance.ts";
import { consecutive } from "./consecutive.ts";
import { expiry } from "./expiry.ts";
import { silence } from "./silence.ts";
import { threshold } from "./threshold.ts";

const probes = (fromMs: number, ...values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => {
    const atMs = fromMs + i * 1_000;
    const note = value > 0 ? undefined : "no answer within 1000 ms";
    return reading("web/1", metrics.probe, value, atMs, note);
  });

const p95 = (fromMs: number, ...values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => reading("web", metrics.p95, value, fromMs + i * 1_000));

detectorConformance("consecutive failures", () => ({
  detector: consecutive({ failures: 3 }),
  ill: probes(5_000, 1, 0, 1, 0, 0, 0, 0),
  well: probes(12_000, 1, 1, 1),
}));

detectorConformance("threshold", () => ({
  detector: threshold({ kind: "slow", limit: 500, forMs: 2_000, label: "p95" }),
  ill: p95(5_000, 100, 900, 900, 900, 900),
  well: p95(10_000, 300, 120, 90),
}));

detectorConformance("expiry", () => {
  const left = (atMs: number, ms: number): Reading =>
    reading("web/1", metrics.certificateLeft, ms, atMs, "2030-01-01");
  const warnMs = 14 * 86_400_000;
  return {
    detector: expiry({ warnMs }),
    ill: [left(5_000, warnMs + 1), left(6_000, warnMs - 1), left(7_000, -1)],
    well: [left(8_000, 6 * warnMs), left(9_000, 6 * warnMs)],
  };
});

detectorConformance("silence", () => ({
  detector: silence({ afterMs: 5_000, label: "the probe" }),
  ill: [...probes(5_000, 1, 1), 6_500, 9_000, 11_000, 12_000],
  well: [...probes(13_000, 1), 13_500, ...probes(14_000, 1), 14_500],
}));
