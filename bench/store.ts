// Measures the SQLite store: durable appends, ticks and their bytes, and the start with 100 000 events.
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Event } from "../src/model/event.ts";
import { metrics, type Reading, reading } from "../src/model/reading.ts";
import { sqliteStore } from "../src/stores/sqlite.ts";
import type { Store } from "../src/stores/store.ts";
import { seeded } from "../src/testing/seeded.ts";
import { atLeast, atMost, type Figure, report, shown } from "./table.ts";

const project = "bench";
const scratch = mkdtempSync(join(tmpdir(), "homeostat-bench-"));

/** Milliseconds that `work` took. */
function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function open(name: string): Store {
  return sqliteStore({ folder: join(scratch, name), project });
}

/** About 400 bytes of JSON, as most events are. */
function eventOf(seq: number): Event {
  const place = { seq, atMs: seq * 13.7, time: "2026-11-21T03:00:00.000Z", subject: "web/1" };
  const text = `probe failed ${seq % 7} times in a row, the limit is 3`;
  const why = {
    rule: "consecutive-failures",
    text,
    value: seq % 7,
    limit: 3,
    unit: "count",
  } as const;
  const data = { action: `A${seq}`, result: "verified", why } as const;
  return { ...place, incident: String(seq % 100), cause: seq, type: "action.judged", data };
}

const eventsFrom = (seq: number, count: number): Event[] =>
  Array.from({ length: count }, (_, i) => eventOf(seq + i));

/** The appends of a journal against what the disk can do, taken by turns in the same seconds. */
function appends(): Figure[] {
  const rounds = 10;
  const perRound = 60;
  const store = open("appends");
  const fd = openSync(join(scratch, "bare"), "a");
  const line = Buffer.alloc(400, "x");
  const spent = { bare: 0, single: 0, batch: 0 };
  let seq = 0;
  for (let round = 0; round < rounds; round++) {
    spent.bare += timed(() => {
      for (let i = 0; i < perRound; i++) {
        writeSync(fd, line);
        fdatasyncSync(fd);
      }
    });
    spent.single += timed(() => {
      for (let i = 0; i < perRound; i++) store.append([eventOf(++seq)]);
    });
    spent.batch += timed(() => {
      for (let i = 0; i < perRound; i++) {
        store.append(eventsFrom(seq + 1, 10));
        seq += 10;
      }
    });
  }
  closeSync(fd);
  store.close();
  const calls = rounds * perRound * 1_000;
  const [bare, single, batch] = [calls / spent.bare, calls / spent.single, calls / spent.batch];
  return [
    shown("bare fdatasync, calls/s", bare),
    shown("durable appends of 1 event, events/s", single),
    shown("durable appends of 10 events, events/s", batch * 10),
    atLeast("appends of 1 event ÷ bare fdatasync", single / bare, 0.3),
    atLeast("events/s by 10 ÷ events/s by 1", (batch * 10) / single, 3),
  ];
}

/** 80 readings as of 10 instances: two metrics with a time and floats of their own, six without. */
function readingsAt(atMs: number, random: () => number): Reading[] {
  return Array.from({ length: 10 }, (_, i) => {
    const target = `web/${i + 1}`;
    const probedAt = atMs - random() * 1_000;
    return [
      reading(target, metrics.probe, 1, probedAt),
      reading(target, metrics.probeLatency, random() * 20, probedAt),
      reading(target, metrics.cpu, random(), atMs),
      reading(target, metrics.rss, 7e7 + Math.floor(random() * 1e6), atMs),
      reading(target, metrics.fds, 22, atMs),
      reading(target, metrics.threads, 11, atMs),
      reading(target, metrics.p95, random() * 90, atMs),
      reading(target, metrics.requests, random() * 500, atMs, i === 0 ? "10 s window" : undefined),
    ];
  }).flat();
}

function ticks(): Figure[] {
  const count = 5_000;
  const store = open("ticks");
  const random = seeded(7);
  const all = Array.from({ length: count }, (_, i) => readingsAt((i + 1) * 1_000.25, random));
  const wrote = timed(() => {
    for (const [i, readings] of all.entries()) {
      store.appendTick({ n: i + 1, atMs: (i + 1) * 1_000.25, afterSeq: i, readings });
    }
  });
  let read = 0;
  const readMs = timed(() => {
    for (const tick of store.readTicks()) read += tick.readings.length;
  });
  store.close();
  const bytes = statSync(join(scratch, "ticks", "samples.db")).size / count;
  return [
    shown("ticks of 80 readings, ticks/s", (count * 1_000) / wrote),
    shown("reading ticks back, readings/s", (read * 1_000) / readMs),
    shown("bytes of file per tick of 80 readings", bytes),
    atMost("bytes of file per reading", bytes / 80, 16),
    ring(all),
  ];
}

/** The size that samples.db reaches, as a share of its bound, after five times as much was written. */
function ring(all: readonly (readonly Reading[])[]): Figure {
  const folder = join(scratch, "ring");
  const maxTickBytes = 1024 ** 2;
  const store = sqliteStore({ folder, project, maxTickBytes });
  for (const [i, readings] of all.entries()) {
    store.appendTick({ n: i + 1, atMs: i, afterSeq: 0, readings });
  }
  store.close();
  const share = statSync(join(folder, "samples.db")).size / maxTickBytes;
  return atMost("samples.db ÷ its bound, after 5 × as much", share, 1.02);
}

/** What a start costs: the checks, and a fold over all events, against parsing the same texts. */
function start(): Figure[] {
  const count = 100_000;
  const filled = open("start");
  for (let seq = 0; seq < count; seq += 1_000) filled.append(eventsFrom(seq + 1, 1_000));
  filled.close();
  const path = join(scratch, "start", "journal.db");
  let store: Store | undefined;
  const openMs = timed(() => {
    store = open("start");
  });
  const types = new Map<string, number>();
  const foldMs = timed(() => {
    for (const { type } of store?.read() ?? []) types.set(type, (types.get(type) ?? 0) + 1);
  });
  store?.close();
  if (types.get("action.judged") !== count) throw new Error("the fold saw other events");

  const db = new DatabaseSync(path, { readOnly: true });
  const checkMs = timed(() => db.prepare("PRAGMA quick_check(1)").get());
  const texts = db.prepare("SELECT body FROM events ORDER BY seq").all();
  db.close();
  const parseMs = timed(() => {
    for (const { body } of texts) JSON.parse(String(body));
  });
  return [
    shown("open with 100 000 events, ms", openMs),
    shown("of which quick_check, ms", checkMs),
    shown("fold of 100 000 events, ms", foldMs),
    shown("journal.db, bytes per event", statSync(path).size / count),
    atMost("open + fold ÷ bare JSON.parse of the same", (openMs + foldMs) / parseMs, 4),
  ];
}

try {
  const figures = [...appends(), ...ticks(), ...start()];
  report(figures, { json: process.argv.includes("--json") });
} finally {
  rmSync(scratch, { recursive: true });
}
