// A forecast tells of what runs out in time, leaves alone what only looks like it, and says when it cannot tell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { metrics, type Reading, reading } from "../../model/reading.ts";
import { detectorConformance } from "../../testing/detector-conformance.ts";
import { seeded } from "../../testing/seeded.ts";
import type { Finding } from "../detector.ts";
import { blockSize } from "./envelope.ts";
import { type ForecastOptions, type ForecastState, forecast, forecastOf } from "./forecast.ts";

const minuteMs = 60_000;
const mebi = 1_048_576;
const limit = 512 * mebi;
const options: ForecastOptions = { label: "memory", limit, horizonMs: 240 * minuteMs };

/** Shares of the limit, one in five minutes; the times go on from `from`. */
function readings(shares: readonly number[], from = 0): readonly Reading[] {
  return shares.map((share, i) =>
    reading("web/1", metrics.rss, share * limit, (from + i) * 5 * minuteMs),
  );
}

const line = (count: number, from: number, each: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => from + each * i);

interface Seen {
  readonly state: ForecastState;
  readonly found: readonly { readonly at: number; readonly finding: NonNullable<Finding> }[];
}

function watch(
  all: readonly Reading[],
  how: ForecastOptions = options,
  begin?: ForecastState,
): Seen {
  const detector = forecast(how);
  let state = begin ?? detector.initial;
  const found = all.flatMap((one, at) => {
    const [next, finding] = detector.observe(state, one);
    state = next;
    return finding ? [{ at, finding }] : [];
  });
  return { state, found };
}

detectorConformance("forecast", () => ({
  detector: forecast(options),
  ill: readings(line(18, 0.5, 0.02)),
  well: readings([0.2, 0.2, 0.2, 0.2], 18),
}));

test("a leak is told before the limit, with the time that is left and its band", () => {
  // A noisy line: 0.2 % of the limit in five minutes, full after 190 of them.
  const random = seeded(3);
  const { found } = watch(readings(line(190, 0.6, 0.002).map((it) => it + 0.03 * random() ** 2)));
  const [first] = found;
  assert.ok(first?.finding.sick && found.length === 1);
  assert.equal(first.finding.kind, "exhausting");
  const { text, value, limit: horizon } = first.finding.why;
  assert.match(text, /^memory \d+ MiB of 512 MiB, full in (about )?\d h/);
  const leftMs = (187 - first.at) * 5 * minuteMs;
  assert.ok(Math.abs(value - leftMs) < 0.25 * leftMs, `${value} of ${leftMs}`);
  assert.equal(horizon, 240 * minuteMs);
});

test("teeth that come down by themselves are no leak once they have been seen", () => {
  // Six hours up, and at once down: the first one nobody can tell from a leak.
  const teeth = Array.from({ length: 3 * 72 }, (_, i) => 0.3 + 0.6 * ((i % 72) / 72));
  const { found, state } = watch(readings(teeth));
  assert.deepEqual(
    found.filter(({ at, finding }) => finding.sick && at > 72),
    [],
  );
  const told = forecastOf(state, options, limit);
  assert.ok(told.kind === "cannot-tell" || told.etaMs > 0);
});

test("a leak under a collector's teeth is one", () => {
  const leak = Array.from({ length: 160 }, (_, i) => 0.5 + 0.0022 * i + 0.15 * ((i % 7) / 7));
  const { found } = watch(readings(leak));
  assert.equal(found.filter(({ finding }) => finding.sick).length, 1);
  const at = found[0]?.at ?? 0;
  assert.ok(at > 60 && at < 150, `told at ${at}`);
});

test("a cache that fills and settles is none, and what is flat is not told of", () => {
  const fills = Array.from({ length: 120 }, (_, i) => 0.9 - 0.7 * Math.exp(-i / 25));
  assert.deepEqual(watch(readings(fills)).found, []);
  const { state, found } = watch(readings(new Array<number>(30).fill(0.5)));
  assert.deepEqual(found, []);
  const said = forecastOf(state, options, limit);
  assert.deepEqual(said, { kind: "cannot-tell", why: "it does not rise steadily" });
});

test("a restart, and a rise that ends, end the symptom", () => {
  const leak = line(50, 0.65, 0.005);
  const back = watch([...readings(leak), ...readings([0.3, 0.3, 0.3], 50)]).found;
  assert.deepEqual(
    back.map(({ finding }) => finding.sick),
    [true, false],
  );
  assert.match(JSON.stringify(back[1]?.finding), /memory is back at 154 MiB/);
  const stays = watch([...readings(leak), ...readings(new Array<number>(40).fill(0.9), 50)]).found;
  assert.match(JSON.stringify(stays[1]?.finding), /no longer rises/);
});

test("what falls is told too, and a limit may come as a metric", () => {
  const free = line(60, 20_000, -300).map((value, i) =>
    reading("@disk", { name: "free", unit: "bytes" }, value * mebi, i * 5 * minuteMs),
  );
  const falls = { ...options, label: "disk", falls: true, limit: { metric: "few" } };
  const few = reading("@disk", { name: "few", unit: "bytes" }, 1_000 * mebi, 0);
  assert.deepEqual(watch(free, falls).found, []);
  const { found } = watch([few, ...free], falls);
  assert.match(JSON.stringify(found[0]?.finding), /disk [\d.]+ [MG]iB, down to 1000 MiB in \d/);
});

test("later readings change nothing of what was told, and a state stays under 8 KiB", () => {
  const random = seeded(5);
  let level = 0.4;
  const walk = Array.from(
    { length: 160 },
    () => (level = Math.abs(level + 0.03 * (random() - 0.49))),
  );
  const all = readings(walk);
  const short = watch(all.slice(0, 80)).found;
  const long = watch(all).found.filter(({ at }) => at < 80);
  assert.deepEqual(long, short);
  assert.equal(watch(all).state.block.length, blockSize);
  assert.ok((blockSize + 8) * 8 <= 8_192);
});

test("it goes on over a gap", () => {
  const all = readings(line(64, 0.65, 0.005)).filter((_, i) => i < 25 || i > 35);
  assert.equal(watch(all).found.filter(({ finding }) => finding.sick).length, 1);
});
