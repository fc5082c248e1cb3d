// A process that writes to a store and says what was kept, so that a test can kill it meanwhile.
import { writeSync } from "node:fs";
import { HomeostatError, messageOf } from "../../src/kernel/errors.ts";
import { below, type Random } from "../../src/kernel/random.ts";
import type { Event } from "../../src/model/event.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { Store, Tick } from "../../src/stores/store.ts";
import { seeded } from "../../src/testing/seeded.ts";

export const project = "torture";

/** The same event for the same number, so that a reader knows what must be there. */
export function eventOf(seq: number): Event {
  const reason = `${seq} `.repeat((seq * 7_919) % 400);
  const place = { seq, atMs: seq / 3, time: "2026-11-21T03:00:00.000Z", subject: "web/1" };
  return { ...place, incident: String(seq % 5), type: "daemon.stopped", data: { reason } };
}

export function tickOf(n: number, afterSeq: number): Tick {
  const readings = Array.from({ length: 1 + (n % 30) }, (_, i) => ({
    target: `web/${(n + i) % 50}`,
    metric: "probe",
    value: n / (i + 1),
    unit: "bool" as const,
    atMs: n + i,
  }));
  return { n, atMs: n, afterSeq, readings };
}

export const mostPerCall = 5;

/** `event SEQ`, `tick N` and `file SEQ` are said after the store has returned. */
function work(store: Store, random: Random): void {
  let seq = 0;
  for (const event of store.read()) seq = event.seq;
  let n = 0;
  for (const tick of store.readTicks()) n = tick.n;
  say(`open ${seq}`);
  for (;;) {
    const count = 1 + below(random, mostPerCall);
    store.append(Array.from({ length: count }, (_, i) => eventOf(seq + 1 + i)));
    seq += count;
    say(`event ${seq}`);
    if (random() < 0.3) {
      store.appendTick(tickOf(++n, seq));
      say(`tick ${n}`);
    }
    if (random() < 0.1) {
      store.putFile(`v${seq}`, `content ${seq}`);
      say(`file ${seq}`);
    }
  }
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** After a failure: says it, and says what a second try meets. */
function tellFailure(store: Store, error: unknown): void {
  say(`failed ${error instanceof HomeostatError ? error.code : "?"} ${messageOf(error)}`);
  let last = 0;
  for (const event of store.read()) last = event.seq;
  try {
    store.append([eventOf(last + 1)]);
    say(`event ${last + 1}`);
  } catch (again) {
    say(`again ${again === error ? "the same" : messageOf(again)}`);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [folder = "", seed = "1"] = process.argv.slice(2);
  const store = sqliteStore({ folder, project });
  try {
    work(store, seeded(Number(seed)));
  } catch (error) {
    tellFailure(store, error);
    store.close();
  }
}
