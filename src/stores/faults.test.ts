// The article's fault of the database: SQL put together from words that others have given.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { onlyOursHolds } from "../../test/support/fault.ts";
import { sampleEvents } from "../testing/sample-events.ts";
import { sqliteStore } from "./sqlite.ts";

interface Keeper {
  keep(text: string): void;
  kept(): readonly string[];
}

function original(): Keeper {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE events (body TEXT)");
  return {
    keep: (text) => db.exec(`INSERT INTO events VALUES ('${text}')`),
    kept: () => {
      const rows = db.prepare("SELECT body FROM events").all();
      return rows.map(({ body }) => String(body));
    },
  };
}

/** The words are the project's name, the subject of an event, and the version of a file. */
function ours(folder: string): Keeper {
  const [sample] = sampleEvents(1, 1);
  assert.ok(sample);
  const project = "x'), ('project', 'another";
  const store = sqliteStore({ folder, project });
  let seq = 0;
  return {
    keep: (text) => {
      seq += 1;
      store.append([{ ...sample, seq, subject: text }]);
      store.putFile(text, text);
      assert.equal(store.getFile(text), text);
    },
    kept: () => {
      store.close();
      // When it is opened its tables and its project are held to what they should be.
      const again = sqliteStore({ folder, project });
      const subjects = [...again.read()].map(({ subject }) => subject);
      again.close();
      return subjects;
    },
  };
}

test("fault: SQL built by f-string (the journal)", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-sql-"));
  const hostile = ["x'), ('one more", "O'Hara", "x'); DROP TABLE events; --", '"; --', "?1 :a $b"];
  try {
    const subjects = {
      imitation: original,
      ours: () => ours(folder),
      shows: /the words of others are run: O'Hara/,
    };
    await onlyOursHolds(subjects, (keeper) => {
      for (const text of hostile) {
        assert.doesNotThrow(() => keeper.keep(text), `the words of others are run: ${text}`);
      }
      assert.deepEqual(keeper.kept(), hostile);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
