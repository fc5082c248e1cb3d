// Detectors as pure folds: when they raise, when they clear, and what they must not be fooled by.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { consecutive } from "../src/detectors/consecutive.ts";
import type { Detector, Finding } from "../src/detectors/detector.ts";
import { silence } from "../src/detectors/silence.ts";
import { threshold } from "../src/detectors/threshold.ts";
import { type Metric, metrics, reading } from "../src/model/reading.ts";

/** Feeds [seconds, value, note?] and gives what was found at each, frozen states proving purity. */
function feed<S>(
  detector: Detector<S>,
  points: readonly (readonly [number, number, string?])[],
  metric: Metric = metrics.p95,
): readonly Finding[] {
  let state = Object.freeze(detector.initial);
  return points.map(([s, value, note]) => {
    const [next, finding] = detector.observe(state, reading("web", metric, value, s * 1_000, note));
    state = Object.freeze(next);
    return finding;
  });
}

const sickAt = (findings: readonly Finding[]): number => findings.findIndex((it) => it?.sick);
const wellAt = (findings: readonly Finding[]): number =>
  findings.findIndex((it) => it !== undefined && !it.sick);

describe("threshold", () => {
  const detector = threshold({ kind: "slow", limit: 500, forMs: 2_000, label: "p95" });

  it("raises after its time over the limit, since the first reading over it", () => {
    const findings = feed(detector, [
      [0, 900],
      [1, 900],
      [2, 900],
      [3, 900],
    ]);
    assert.equal(sickAt(findings), 2);
    const found = findings[2];
    assert.ok(found?.sick);
    assert.equal(found.sinceMs, 0);
    assert.deepEqual([found.why.value, found.why.limit, found.why.unit], [900, 500, "ms"]);
  });

  it("begins anew when it was under the limit in between, and at the limit is not over it", () => {
    assert.equal(
      sickAt(
        feed(detector, [
          [0, 900],
          [1, 900],
          [2, 400],
          [3, 900],
          [4, 900],
        ]),
      ),
      -1,
    );
    assert.equal(
      sickAt(
        feed(detector, [
          [0, 500],
          [1, 500],
          [2, 500],
          [3, 500],
        ]),
      ),
      -1,
    );
  });

  it("does not take two readings with a gap between them for a time over the limit", () => {
    assert.equal(
      sickAt(
        feed(detector, [
          [0, 900],
          [60, 900],
        ]),
      ),
      -1,
    );
  });

  it("clears only well under the limit", () => {
    const findings = feed(detector, [
      [0, 900],
      [1, 900],
      [2, 900],
      [3, 450],
      [4, 390],
    ]);
    assert.equal(wellAt(findings), 4);
  });

  it("has no opinion of what is no number", () => {
    const odd: readonly (readonly [number, number])[] = [
      [0, Number.NaN],
      [1, Number.POSITIVE_INFINITY],
      [2, Number.NaN],
    ];
    assert.deepEqual(feed(detector, odd), [undefined, undefined, undefined]);
  });
});

describe("consecutive failures", () => {
  const detector = consecutive({ failures: 3, successes: 2 });
  const bad = "no answer within 1000 ms";

  it("raises at the third bad answer in a row, not at three in all", () => {
    const row = feed(
      detector,
      [
        [0, 0, bad],
        [1, 0, bad],
        [2, 0, bad],
      ],
      metrics.probe,
    );
    assert.equal(sickAt(row), 2);
    const mixed = feed(
      detector,
      [
        [0, 0, bad],
        [1, 0, bad],
        [2, 1],
        [3, 0, bad],
      ],
      metrics.probe,
    );
    assert.equal(sickAt(mixed), -1);
  });

  it("has no opinion on a value that is no number", () => {
    const row = feed(
      detector,
      [
        [0, 0, bad],
        [1, 0, bad],
        [2, Number.NaN],
        [3, Number.NaN],
      ],
      metrics.probe,
    );
    assert.equal(sickAt(row), -1);
  });

  it("tells a hang from a bad answer by the note", () => {
    const kind = (note: string): string | undefined => {
      const found = feed(
        detector,
        [
          [0, 0, note],
          [1, 0, note],
          [2, 0, note],
        ],
        metrics.probe,
      )[2];
      return found?.sick ? found.kind : undefined;
    };
    assert.equal(kind(bad), "unresponsive");
    assert.equal(kind("status 503"), "failing");
  });

  it("needs two good answers in a row to clear", () => {
    const points = [
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 0],
      [5, 1],
      [6, 1],
    ] as const;
    assert.equal(wellAt(feed(detector, points, metrics.probe)), 6);
  });
});

describe("silence", () => {
  const detector = silence({ afterMs: 5_000, label: "the probe" });

  it("is raised when readings stop, cleared when they come again, and never having come is none", () => {
    const tick = detector.tick;
    assert.ok(tick);
    assert.equal(tick(detector.initial, 1e9)[1], undefined);
    const [heard] = detector.observe(detector.initial, reading("web/1", metrics.probe, 1, 1_000));
    assert.equal(tick(heard, 5_999)[1], undefined);
    const [silent, finding] = tick(heard, 6_000);
    assert.ok(finding?.sick);
    assert.equal(tick(silent, 7_000)[1], undefined);
    const [, again] = detector.observe(silent, reading("web/1", metrics.probe, 1, 8_000));
    assert.equal(again?.sick, false);
  });
});

it("no series of numbers makes a detector throw, raise twice, or clear what was not raised", () => {
  const detectors = [
    threshold({ kind: "hot", limit: 1, forMs: 1_000, label: "CPU" }),
    consecutive({ failures: 2 }),
    silence({ afterMs: 1_000, label: "x" }),
  ] as readonly Detector[];
  const points = fc.array(fc.tuple(fc.double(), fc.nat(5)), { maxLength: 200 });
  fc.assert(
    fc.property(points, (values) => {
      for (const detector of detectors) {
        let [state, raised, atMs] = [detector.initial, false, 0];
        for (const [value, gap] of values) {
          atMs += gap * 400;
          const look = (step: readonly [unknown, Finding]): void => {
            state = step[0];
            if (step[1]) assert.notEqual(step[1].sick, raised);
            if (step[1]) raised = step[1].sick;
          };
          look(detector.observe(state, reading("a/1", metrics.probe, value, atMs)));
          if (detector.tick) look(detector.tick(state, atMs + 300));
        }
      }
    }),
  );
});
