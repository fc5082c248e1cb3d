// Files that are damaged, foreign or newer: they are refused by name, or nothing read from them is wrong.
import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it, type TestContext } from "node:test";
import { type Code, HomeostatError } from "../../src/kernel/errors.ts";
import { below } from "../../src/kernel/random.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { eventOf, project, tickOf } from "./store-writer.ts";

const events = 400;
const ticks = 300;
const fileNames = ["journal.db", "samples.db"] as const;
type FileName = (typeof fileNames)[number];

let scratch: string;
const whole = (name: FileName): string => join(scratch, "whole", name);
const copy = (): string => join(scratch, "copy");

before(() => {
  scratch = mkdtempSync(join(tmpdir(), "homeostat-damage-"));
  const store = sqliteStore({ folder: join(scratch, "whole"), project });
  store.append(Array.from({ length: events }, (_, i) => eventOf(i + 1)));
  for (let n = 1; n <= ticks; n++) store.appendTick(tickOf(n, n));
  store.putFile("v1", "content");
  store.close();
});
after(() => rmSync(scratch, { recursive: true }));

/** A fresh folder with both files whole, and the path of `name` in it. */
function freshCopy(name: FileName): string {
  rmSync(copy(), { recursive: true, force: true });
  mkdirSync(copy());
  for (const each of fileNames) copyFileSync(whole(each), join(copy(), each));
  return join(copy(), name);
}

/** Opens the copy and reads all of it, which must be right; the error when it is refused. */
function readAll(): HomeostatError | undefined {
  try {
    const store = sqliteStore({ folder: copy(), project });
    try {
      let seq = 0;
      for (const event of store.read()) assert.deepEqual(event, eventOf(++seq));
      assert.equal(seq, events);
      let n = 0;
      for (const tick of store.readTicks()) assert.deepEqual(tick, tickOf(++n, n));
      assert.equal(n, ticks);
      assert.ok([undefined, "content"].includes(store.getFile("v1")));
    } finally {
      store.close();
    }
    return undefined;
  } catch (error) {
    if (error instanceof HomeostatError) return error;
    throw error;
  }
}

function refused(path: string, codes: readonly Code[]): HomeostatError {
  const before = readFileSync(path);
  const error = readAll();
  assert.ok(error, "it was taken");
  assert.ok(codes.includes(error.code), `${error.code} ${error.message}`);
  assert.ok(error.message.includes(path), `${error.message} does not name ${path}`);
  assert.ok(readFileSync(path).equals(before), "the file was changed");
  return error;
}

for (const name of fileNames) {
  describe(`a damaged ${name}`, () => {
    const variants: Readonly<Record<string, (path: string) => void>> = {
      "cut to 100 bytes": (path) => truncateSync(path, 100),
      "cut to one page": (path) => truncateSync(path, 4_096),
      "without its last page": (path) => truncateSync(path, readFileSync(path).length - 4_096),
      "cut in the middle of a page": (path) => truncateSync(path, 3 * 4_096 + 1_000),
      empty: (path) => truncateSync(path, 0),
      "random bytes": (path) => writeFileSync(path, noise(20_000)),
      "a text": (path) => writeFileSync(path, "my notes\n"),
      "a page of noise": (path) => overwrite(path, 4_096 * 2, noise(4_096)),
      "a page of zeros": (path) => overwrite(path, 4_096 * 3, Buffer.alloc(4_096)),
      "another program's database": (path) => {
        rmSync(path);
        const db = new DatabaseSync(path);
        db.exec("CREATE TABLE t (x)");
        db.close();
      },
      "the other file of the store": (path) =>
        copyFileSync(whole(name === "journal.db" ? "samples.db" : "journal.db"), path),
      "altered by hand": (path) =>
        execute(
          path,
          name === "journal.db"
            ? "UPDATE events SET body = replace(body, 'web/1', 'web/2') WHERE seq = 7"
            : "UPDATE series SET target = 'web/2000' WHERE id = 7",
        ),
      "without its table": (path) =>
        execute(path, "DROP TABLE IF EXISTS events; DROP TABLE IF EXISTS ticks"),
    };
    for (const [title, damage] of Object.entries(variants)) {
      it(`is refused when it is ${title}`, (t) => {
        const path = freshCopy(name);
        damage(path);
        t.diagnostic(refused(path, ["JOURNAL_CORRUPT"]).message.replace(scratch, ""));
      });
    }

    it("is refused when it was written by a newer version, with both versions", () => {
      const path = freshCopy(name);
      execute(path, "PRAGMA user_version = 7");
      const { message } = refused(path, ["JOURNAL_NEWER"]);
      assert.match(message, /schema version 7; .* up to 1$/);
    });

    it("is told or harmless after one flipped byte in the header", (t) => {
      flips(
        t,
        name,
        Array.from({ length: 100 }, (_, at) => at),
      );
    });

    it("is told or harmless after one flipped byte anywhere", (t) => {
      const random = seeded(name.length);
      const size = readFileSync(whole(name)).length;
      flips(
        t,
        name,
        Array.from({ length: 250 }, () => 100 + below(random, size - 100)),
      );
    });
  });
}

/** Each flip is either refused by name or nothing that was read was wrong; many must be refused. */
function flips(t: TestContext, name: FileName, places: readonly number[]): void {
  const random = seeded(places.length);
  let found = 0;
  for (const at of places) {
    const path = freshCopy(name);
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] ?? 0) ^ (1 + below(random, 255));
    writeFileSync(path, bytes);
    const error = readAll();
    if (!error) continue;
    found++;
    const codes: Code[] = ["JOURNAL_CORRUPT", "JOURNAL_NEWER", "JOURNAL_UNUSABLE"];
    assert.ok(codes.includes(error.code), `byte ${at}: ${error.code} ${error.message}`);
    assert.ok(error.message.includes(path), `byte ${at}: ${error.message}`);
  }
  t.diagnostic(`${found} of ${places.length} flips were refused, the others changed nothing read`);
  assert.ok(found > places.length / 5, `${found} flips were found`);
}

function noise(length: number): Buffer {
  const random = seeded(length);
  return Buffer.from(Array.from({ length }, () => below(random, 256)));
}

function overwrite(path: string, at: number, part: Buffer): void {
  const bytes = readFileSync(path);
  part.copy(bytes, at);
  writeFileSync(path, bytes);
}

function execute(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}
