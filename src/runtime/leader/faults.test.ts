// The article's fault of the database, in the lease: SQL put together from words that others have given.
import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import type { Lease } from "./lease.ts";
import { type PostgresQuery, postgresLease } from "./postgres-lease.ts";

type Make = (query: PostgresQuery, name: string) => Pick<Lease, "acquire" | "renew" | "release">;

/** A lease with the same statements, whose words are in their text. */
const original: Make = (query, name) => ({
  acquire: async (holder) => {
    await query(`insert into lease values ('${name}', '${holder}')`, []);
    return { token: 1 };
  },
  renew: async (holder) => {
    await query(`update lease set until = now() where holder = '${holder}'`, []);
    return true;
  },
  release: async (holder) => {
    await query(`update lease set holder = null where holder = '${holder}'`, []);
  },
});

test("fault: SQL built by f-string (the PostgreSQL lease)", async () => {
  const subjects = { imitation: () => original, ours: (): Make => postgresLease };
  const shows = /words of others are in the statement/;
  await onlyOursHolds<Make>({ ...subjects, shows }, async (make) => {
    const hostile = "x'); drop table orders; --";
    const asked: { readonly text: string; readonly values: readonly unknown[] }[] = [];
    const query: PostgresQuery = async (text, values) => {
      asked.push({ text, values });
      return { rows: asked.length === 1 ? [] : [{ token: "7", holder: hostile, left: 5 }] };
    };
    const lease = make(query, hostile);
    const { signal } = new AbortController();
    // The first is refused, so that it is asked who holds it; the second one is given.
    await lease.acquire(hostile, 1_000, signal);
    await lease.acquire(hostile, 1_000, signal);
    await lease.renew(hostile, 7, 1_000, signal);
    await lease.release(hostile, 7);
    for (const { text, values } of asked) {
      assert.ok(!text.includes("drop table"), `words of others are in the statement: ${text}`);
      assert.ok(values.includes(hostile));
    }
    assert.ok(asked.length >= 5, `${asked.length} statements`);
  });
});
