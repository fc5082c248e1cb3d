// The SQLite store keeps to the contract, stays in its bound, and shares its folder with no writer.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Code, HomeostatError } from "../../src/kernel/errors.ts";
import type { Event } from "../../src/model/event.ts";
import type { Reading } from "../../src/model/reading.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { sampleEvents, sampleTick } from "../../src/testing/sample-events.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";

const project = "shop";
const scratch = (): string => mkdtempSync(join(tmpdir(), "homeostat-store-"));
const failsWith =
  (code: Code, ...parts: string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof HomeostatError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.ok(error.message.includes(part), error.message);
    return true;
  };

function conformance(name: string, maxTickBytes?: number): void {
  storeConformance(name, async () => {
    const folder = scratch();
    const bound = maxTickBytes === undefined ? {} : { maxTickBytes };
    const open = () => sqliteStore({ folder, project, ...bound });
    return {
      store: open(),
      reopen: open,
      cleanup: () => rmSync(folder, { recursive: true }),
    };
  });
}
conformance("sqlite");
conformance("sqlite, small ring", 400 * 1024);

describe("sqlite store", () => {
  let folder: string;
  beforeEach(() => {
    folder = scratch();
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (more: { maxTickBytes?: number; readOnly?: boolean } = {}) =>
    sqliteStore({ folder: join(folder, "state"), project, ...more });
  const inState = (...name: string[]) => join(folder, "state", ...name);

  it("makes the folder and its files for their owner alone", () => {
    const store = open();
    store.append(sampleEvents(1, 1));
    store.appendTick(sampleTick(1));
    const modes = readdirSync(inState(), { withFileTypes: true }).map(
      ({ name }) => `${name} ${(statSync(inState(name)).mode & 0o777).toString(8)}`,
    );
    assert.equal(statSync(inState()).mode & 0o777, 0o700);
    assert.deepEqual(
      modes.filter((mode) => !mode.endsWith(" 600")),
      [],
    );
    store.close();
    assert.deepEqual(readdirSync(inState()).toSorted(), [
      "journal.db",
      "reserve",
      "samples.db",
      "writer.lock",
    ]);
  });

  it("writes CloudEvents with the columns people ask for", () => {
    const store = open();
    const [event] = sampleEvents(8, 1) as [Event];
    store.append(sampleEvents(1, 8));
    store.close();
    const db = new DatabaseSync(inState("journal.db"), { readOnly: true });
    const row = db.prepare("SELECT type, subject, incident, body FROM events WHERE seq = 8").get();
    db.close();
    assert.deepEqual([row?.type, row?.subject, row?.incident], [event.type, event.subject, "1"]);
    const body: unknown = JSON.parse(String(row?.body));
    assert.deepEqual(body, {
      specversion: "1.0",
      id: "8",
      source: "homeostat/shop",
      type: "homeostat.incident.opened",
      subject: "web",
      time: event.time,
      datacontenttype: "application/json",
      sequence: "8",
      loopms: "0.8",
      incidentid: "1",
      data: event.data,
    });
  });

  it("has one writer; the second is told the folder and the process", () => {
    const store = open();
    assert.throws(() => open(), failsWith("DAEMON_RUNNING", inState(), String(process.pid)));
    assert.throws(() => open(), failsWith("DAEMON_RUNNING"), "a refusal does not free the lock");
    store.append(sampleEvents(1, 1));
    store.close();
    open().close();
  });

  it("lets others look on while a writer is there", () => {
    assert.throws(() => open({ readOnly: true }), failsWith("JOURNAL_UNUSABLE", "journal.db"));
    assert.equal(existsSync(inState()), false, "looking makes nothing");
    const store = open();
    store.append(sampleEvents(1, 2));
    store.appendTick(sampleTick(1));
    const reader = open({ readOnly: true });
    assert.equal([...reader.read()].length, 2);
    store.append(sampleEvents(3, 2));
    store.appendTick({
      ...sampleTick(2),
      readings: [{ target: "new/1", metric: "probe", value: 1, unit: "bool", atMs: 1 }],
    });
    store.putFile("v", "content");
    assert.deepEqual([...reader.read()], sampleEvents(1, 4));
    assert.deepEqual([...reader.readTicks()].at(-1)?.readings[0]?.target, "new/1");
    assert.equal(reader.getFile("v"), "content");
    assert.throws(() => reader.append(sampleEvents(5, 1)), failsWith("INVARIANT", "read-only"));
    assert.throws(() => reader.appendTick(sampleTick(3)), failsWith("INVARIANT", "read-only"));
    assert.throws(() => reader.putFile("w", ""), failsWith("INVARIANT", "read-only"));
    reader.close();
    store.append(sampleEvents(5, 1));
    store.close();
  });

  it("keeps samples.db within its bound and reuses its pages", () => {
    const bound = 300 * 1024;
    const store = open({ maxTickBytes: bound });
    const readings = Array.from({ length: 80 }, (_, i) => ({
      target: `web/${i}`,
      metric: "probe",
      value: i / 3,
      unit: "bool" as const,
      atMs: i,
    }));
    let most = 0;
    for (let n = 1; n <= 2_000; n++) {
      store.appendTick({ n, atMs: n, afterSeq: 0, readings });
      most = Math.max(most, statSync(inState("samples.db")).size);
    }
    const kept = [...store.readTicks()];
    store.close();
    most = Math.max(most, statSync(inState("samples.db")).size);
    assert.ok(most <= bound + 16 * 1024, `${most} bytes`);
    assert.ok(kept.length > 100, `${kept.length} ticks`);
    assert.equal(kept.at(-1)?.n, 2_000);
  });

  it("tells of an event that is not plain data and writes none of the call", () => {
    const store = open();
    const [first, second] = sampleEvents(1, 2) as [Event, Event];
    const circular = { ...second } as { data: unknown };
    circular.data = circular;
    assert.throws(
      () => store.append([first, circular as Event]),
      failsWith("INVARIANT", "event 2"),
    );
    const foreign = { ...second, subject: {} } as unknown as Event;
    assert.throws(() => store.append([first, foreign]), failsWith("INVARIANT", "journal.db"));
    const long = { ...first, subject: "x".repeat(17 * 1024 ** 2) } as Event;
    assert.throws(() => store.append([long]), failsWith("INVARIANT", "16777216"));
    assert.deepEqual([...store.read()], []);
    store.append([first]);
    store.close();
  });

  it("forgets the series of a tick that could not be written", () => {
    const store = open();
    const { readings } = sampleTick(1);
    const foreign = { ...readings[0], target: undefined } as unknown as Reading;
    assert.throws(
      () => store.appendTick({ ...sampleTick(1), readings: [...readings, foreign] }),
      failsWith("INVARIANT", "samples.db"),
    );
    store.appendTick(sampleTick(1));
    store.close();
    const again = open();
    assert.deepEqual([...again.readTicks()], [sampleTick(1)]);
    again.close();
  });

  it("refuses the journal of another project and leaves it as it was", () => {
    const store = open();
    store.append(sampleEvents(1, 3));
    store.close();
    const before = readFileSync(inState("journal.db"));
    assert.throws(
      () => sqliteStore({ folder: inState(), project: "blog" }),
      failsWith("JOURNAL_CORRUPT", "journal.db", '"shop"', '"blog"'),
    );
    assert.deepEqual(readFileSync(inState("journal.db")), before);
    open().close();
  });

  it("refuses a journal with a missing event", () => {
    const store = open();
    store.append(sampleEvents(1, 5));
    store.close();
    for (const [seq, left] of [
      [3, "4 events"],
      [1, "3 events"],
    ] as const) {
      const db = new DatabaseSync(inState("journal.db"));
      db.prepare("DELETE FROM events WHERE seq = ?").run(seq);
      db.close();
      assert.throws(() => open(), failsWith("JOURNAL_CORRUPT", "journal.db", left));
    }
  });

  it("does not begin anew while traces of a lost journal are there", () => {
    const store = open();
    store.append(sampleEvents(1, 1));
    store.close();
    rmSync(inState("journal.db"));
    assert.throws(() => open(), failsWith("JOURNAL_CORRUPT", "journal.db", "gone", "samples.db"));
    rmSync(inState("samples.db"));
    open().close();
    rmSync(inState("samples.db"));
    open().close();
  });

  it("names a folder that cannot be one", () => {
    open().close();
    assert.throws(
      () => sqliteStore({ folder: inState("journal.db"), project }),
      failsWith("JOURNAL_UNUSABLE", "journal.db"),
    );
  });
});
