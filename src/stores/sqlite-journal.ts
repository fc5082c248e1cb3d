// The journal file: events in order, and the config files they speak of.
import type { StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { HomeostatError, invariant, messageOf } from "../kernel/errors.ts";
import { fromCloudEvent, toCloudEvent } from "../model/cloudevent.ts";
import type { Event } from "../model/event.ts";
import { parseExact, stringifyExact } from "./exact-json.ts";
import { follow } from "./order.ts";
import { type FoundSnapshot, findSnapshot, writeSnapshot } from "./snapshot-file.ts";
import { corrupt } from "./sqlite-error.ts";
import { type DatabaseFile, type FileKind, openFile, type Place } from "./sqlite-file.ts";
import type { Store } from "./store.ts";

/**
 * `body` is the event as CloudEvents 1.0 JSON and the only column that is read back; type, subject
 * and incident are there for people with an SQL shell. SQLite keeps no checksums; `crc` does.
 * The content of a file is bytes, because node:sqlite 22 cuts a text at its first NUL.
 */
const kind: FileKind = {
  file: "journal.db",
  applicationId: 0x486d4a6f, // "HmJo"
  schemaVersion: 1,
  synchronous: "FULL",
  traces: ["journal.db-wal", "samples.db"],
  schema: `
    CREATE TABLE events (
      seq INTEGER PRIMARY KEY, type TEXT NOT NULL, subject TEXT NOT NULL, incident TEXT,
      body TEXT NOT NULL, crc INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX events_incident ON events (incident) WHERE incident IS NOT NULL;
    CREATE TABLE files (
      version TEXT PRIMARY KEY, content BLOB NOT NULL, crc INTEGER NOT NULL
    ) STRICT`,
};

/** The length of one event's JSON, or of one config file, in characters. */
const mostChars = 16 * 1024 ** 2;
const eventsPerPage = 256;

export interface Journal
  extends Pick<Store, "append" | "read" | "putFile" | "getFile" | "close">,
    Required<Pick<Store, "takeSnapshot" | "keepSnapshot">> {}

export function openJournal(place: Place): Journal {
  const file = openFile(kind, place);
  try {
    // Who only looks reads everything, and wants to know whether it is there.
    let found = place.readOnly ? undefined : fitting(file, findSnapshot(place));
    let last = checkSequence(file, found?.seq ?? 0);
    const insert = file.run(() => file.db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)"));
    return {
      append(events) {
        const next = follow(last, events);
        if (next === last) return;
        const bodies = events.map((event) => bodyOf(event, place.project));
        file.write(() => {
          for (const [index, { seq, type, subject, incident }] of events.entries()) {
            const body = bodies[index] ?? "";
            insert.run(seq, type, subject, incident ?? null, body, crc32(body));
          }
        });
        last = next;
      },
      read: (afterSeq = 0) => readEvents(file, Math.max(0, afterSeq)),
      ...versions(file),
      takeSnapshot: () => {
        const taken = found;
        found = undefined;
        return taken?.read();
      },
      keepSnapshot: (snapshot) => {
        const event = checksumOf(file, snapshot.seq);
        if (event !== undefined) writeSnapshot(place, snapshot, event);
      },
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Undefined for one that was made of another journal, or of more than there is now. */
function fitting(file: DatabaseFile, found: FoundSnapshot | undefined): FoundSnapshot | undefined {
  return found && checksumOf(file, found.seq) === found.event ? found : undefined;
}

/** Undefined when there is no such event. */
function checksumOf(file: DatabaseFile, seq: number): number | undefined {
  const text = "SELECT crc FROM events WHERE seq = ?";
  const crc = file.run(() => file.db.prepare(text).get(seq)?.crc);
  return crc === undefined ? undefined : Number(crc);
}

/**
 * The last `seq`. Only the events after `from` are counted: one that is missing before it is found
 * by whoever reads it.
 * @throws JOURNAL_CORRUPT when an event is missing.
 */
function checkSequence(file: DatabaseFile, from: number): number {
  const one = (text: string, ...given: readonly number[]): Record<string, unknown> =>
    file.run(() => file.db.prepare(text).get(...given)) ?? {};
  const { low } = one("SELECT min(seq) AS low FROM events");
  const after = "SELECT count(*) AS count, max(seq) AS high FROM events WHERE seq > ?";
  const row = one(after, from);
  const count = Number(row.count) + from;
  const high = Number(row.high ?? from);
  if (count !== high || (high > 0 && low !== 1)) {
    throw corrupt(file.path, `${count} events are numbered ${low} to ${high}; some are missing`);
  }
  return high;
}

function bodyOf(event: Event, project: string): string {
  let body: string;
  try {
    body = stringifyExact(toCloudEvent(event, project));
  } catch (error) {
    const message = `event ${event.seq} (${event.type}) is not plain data: ${messageOf(error)}`;
    throw new HomeostatError("INVARIANT", message, { cause: error });
  }
  const fits = body.length <= mostChars;
  invariant(fits, `event ${event.seq} has ${body.length} characters, more than ${mostChars}`);
  return body;
}

/** What is in the journal at the call; page by page, so that no statement stays open meanwhile. */
function readEvents(file: DatabaseFile, afterSeq: number): Iterable<Event> {
  const high = file.run(() => file.db.prepare("SELECT max(seq) AS high FROM events").get()?.high);
  const select = file.run(() =>
    file.db.prepare("SELECT seq, body, crc FROM events WHERE seq > ? ORDER BY seq LIMIT ?"),
  );
  return pages(Number(high ?? 0));

  function* pages(until: number): Generator<Event> {
    let seq = afterSeq;
    while (seq < until) {
      const rows = file.run(() => select.all(seq, Math.min(eventsPerPage, until - seq)));
      if (rows.length === 0) throw corrupt(file.path, `event ${seq + 1} is missing`);
      for (const row of rows) {
        if (row.seq !== ++seq) throw corrupt(file.path, `event ${seq} is missing`);
        yield parseEvent(file.path, seq, String(row.body), row.crc);
      }
    }
  }
}

function parseEvent(path: string, seq: number, body: string, crc: unknown): Event {
  if (crc32(body) !== crc) throw corrupt(path, `event ${seq} does not match its checksum`);
  let event: Event;
  try {
    event = fromCloudEvent(parseExact(body));
  } catch (error) {
    throw corrupt(path, `event ${seq} cannot be read`, error);
  }
  if (event.seq !== seq) throw corrupt(path, `event ${event.seq} stands in the place of ${seq}`);
  return event;
}

function versions(file: DatabaseFile): Pick<Store, "putFile" | "getFile"> {
  const prepare = (text: string): StatementSync => file.run(() => file.db.prepare(text));
  const insert = prepare("INSERT INTO files VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
  const select = prepare("SELECT content, crc FROM files WHERE version = ?");
  return {
    putFile(version, content) {
      const fits = content.length <= mostChars;
      invariant(fits, `file ${version} has ${content.length} characters, more than ${mostChars}`);
      const bytes = Buffer.from(content);
      file.write(() => insert.run(version, bytes, crcOf(version, bytes)));
    },
    getFile(version) {
      const row = file.run(() => select.get(version));
      if (row === undefined) return undefined;
      const { content, crc } = row;
      const sound = content instanceof Uint8Array && crcOf(version, content) === crc;
      if (sound) return Buffer.from(content).toString();
      throw corrupt(file.path, `file ${version} does not match its checksum`);
    },
  };
}

/** The bytes come first: zlib forgets what it began with when it then meets no bytes at all. */
function crcOf(version: string, content: Uint8Array): number {
  return crc32(version, crc32(content));
}
