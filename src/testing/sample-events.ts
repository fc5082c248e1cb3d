// Events that are hard to keep: nested, half empty, in many scripts, with numbers at the edges.
import type { Draft, Event } from "../model/event.ts";
import type { Reading } from "../model/reading.ts";
import type { Reason } from "../model/reason.ts";
import type { Tick } from "../stores/store.ts";

/** Numbers that a careless encoding loses or changes. */
export const oddNumbers: readonly number[] = [
  0,
  -0,
  0.1 + 0.2,
  1e-320,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  -Number.MAX_SAFE_INTEGER,
  2 ** 53 + 2,
  1 / 3,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];

/** Texts that a careless encoding loses or changes. */
export const oddTexts: readonly string[] = [
  "",
  "zażółć gęślą jaźń · 東京 · שלום · 👩‍👩‍👧",
  'quotes " \' ` \\ and {"$number":"NaN"}',
  "line\nbreak\ttab\u0000nul\u2028separator",
  "half a pair \ud83d",
  "x".repeat(70_000),
];

const why = (value: number, limit: number): Reason => ({
  rule: "consecutive-failures",
  text: `${value} of ${limit}`,
  value,
  limit,
  unit: "count",
});

const drafts: readonly Draft[] = [
  { type: "daemon.stopped", subject: "shop", data: { reason: "asked" } },
  {
    type: "instance.started",
    subject: "web/1",
    data: {
      identity: { pid: 4242, startTicks: 9_007_199_254_740_991, bootId: "b" },
      port: 8080,
      run: "R1",
      by: "daemon",
    },
  },
  {
    type: "instance.started",
    subject: "web/2",
    data: { identity: { pid: 1, startTicks: 0, bootId: "" }, run: "R2", by: "" },
  },
  {
    type: "instance.exited",
    subject: "web/1",
    data: {
      code: null,
      signal: "SIGKILL",
      expected: false,
      uptimeMs: 0.1 + 0.2,
      text: "SIGKILL",
      lastLines: oddTexts,
    },
  },
  {
    type: "instance.exited",
    subject: "web/2",
    data: { code: 0, signal: null, expected: true, uptimeMs: 0, text: "", lastLines: [] },
  },
  {
    type: "change.seen",
    subject: "web",
    data: { target: "web", what: "config", file: "a b/ü.json", version: "1f", by: "x", atMs: -1 },
  },
  {
    type: "action.failed",
    subject: "web/1",
    incident: "1",
    data: {
      action: "A1",
      error: "it did not",
      receipt: { action: "A1", steps: [{ text: "TERM", tookMs: 1e-320 }] },
    },
  },
  { type: "incident.opened", subject: "web", incident: "1", data: { id: "1", service: "web" } },
  ...oddNumbers.map(
    (value): Draft => ({
      type: "incident.resolved",
      subject: "web",
      incident: "1",
      data: { why: why(value, -value) },
    }),
  ),
  ...oddTexts.map(
    (text): Draft => ({ type: "operator.paused", subject: text, data: { by: text, reason: text } }),
  ),
];

/** `count` events with numbers from `from`; the drafts above over and over. */
export function sampleEvents(from: number, count: number): Event[] {
  return Array.from({ length: count }, (_, index) => {
    const seq = from + index;
    const draft = drafts[(seq - 1) % drafts.length];
    return placed(draft ?? drafts[0], seq);
  });
}

function placed(draft: Draft | undefined, seq: number): Event {
  const place = { seq, atMs: seq * 0.1, time: "2026-11-21T03:00:00.000Z" };
  const cause = seq > 1 && seq % 3 === 0 ? { cause: seq - 1 } : {};
  return { ...draft, ...place, ...cause } as Event;
}

/** How many events from 1 on show every draft once. */
export const sampleKinds: number = drafts.length;

/** Tick `n` with one reading for each odd number and each odd note. */
export function sampleTick(n: number, afterSeq = 0): Tick {
  const atMs = n * 1_000.1;
  const readings: Reading[] = [
    ...oddNumbers.map((value, i) => sample(`web/${i}`, value, atMs)),
    ...oddNumbers.map((value, i) => sample(`db/${i}`, i, value)),
    ...oddTexts.map((note, i) => ({ ...sample(`web/${i}`, i, atMs + i / 3), note })),
  ];
  return { n, atMs, afterSeq, readings };
}

function sample(target: string, value: number, atMs: number): Reading {
  return { target, metric: "probe.latency", value, unit: "ms", atMs };
}
