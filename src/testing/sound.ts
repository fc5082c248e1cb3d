// What makes a reading, a finding or a state sound, whichever kind it comes from.
import assert from "node:assert/strict";
import type { Finding } from "../detectors/detector.ts";
import { metrics, type Reading, type Unit } from "../model/reading.ts";
import type { Reason } from "../model/reason.ts";
import type { SymptomKind } from "../model/symptom.ts";

const units: Readonly<Record<Unit, true>> = {
  ms: true,
  bytes: true,
  ratio: true,
  count: true,
  per_s: true,
  bool: true,
  code: true,
};

const kinds: Readonly<Record<SymptomKind, true>> = {
  exit: true,
  "crash-loop": true,
  unresponsive: true,
  failing: true,
  slow: true,
  errors: true,
  hot: true,
  silent: true,
  unready: true,
  expiring: true,
  full: true,
  unusual: true,
  exhausting: true,
};

const unitOfOurs: ReadonlyMap<string, Unit> = new Map(
  Object.values(metrics).map(({ name, unit }) => [name, unit]),
);

export function isSoundFinding(finding: Finding): void {
  if (finding === undefined) return;
  if (!finding.sick) {
    isSentence(finding.text);
    return;
  }
  assert.ok(finding.kind in kinds, `no symptom is called ${finding.kind}`);
  assert.ok(Number.isFinite(finding.sinceMs), `sinceMs is ${finding.sinceMs}`);
  isReason(finding.why);
}

function isReason({ rule, text, value, limit, unit }: Reason): void {
  assert.match(rule, /^[a-z][a-z-]+$/, "`why.rule` is a stable name such as max-unhealthy");
  isSentence(text);
  assert.match(text, /\d/, "`why.text` has the numbers in it");
  assert.ok(Number.isFinite(value) && Number.isFinite(limit), `value ${value}, limit ${limit}`);
  assert.ok(unit in units, `no unit is called ${unit}`);
}

/** One line that a person can read. */
export function isSentence(text: string): void {
  assert.match(text, /^\S(.*\S)?$/, "a text for people is one line");
  assert.doesNotMatch(text, /undefined|NaN|Infinity|\[object/);
}

/** Moments are of the loop: from when it was first asked until now. */
export function isSoundReading(reading: Reading, fromMs: number, nowMs: number): void {
  const { target, metric, value, unit, atMs } = reading;
  assert.match(target, /^\S+$/, "a reading is of a target");
  assert.match(metric, /^\S+$/, "a reading has a metric");
  assert.ok(Number.isFinite(value), `${metric} is ${value}: no data is no reading`);
  assert.ok(unit in units, `no unit is called ${unit}`);
  assert.equal(unit, unitOfOurs.get(metric) ?? unit, `the unit of ${metric}`);
  const said = `${metric} is of ${atMs}, by a clock that went from ${fromMs} to ${nowMs}`;
  assert.ok(atMs >= fromMs && atMs <= nowMs, said);
}

/** What JSON can write: no functions, classes, maps or dates, at any depth. */
export function isPlain(value: unknown, path: string): void {
  if (value === undefined || value === null) return;
  if (["string", "number", "boolean"].includes(typeof value)) return;
  assert.equal(typeof value, "object", `${path} is a ${typeof value}`);
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  assert.ok(plain, `${path} is no plain object`);
  for (const [key, each] of Object.entries(value)) isPlain(each, `${path}.${key}`);
}
