// A lease in PostgreSQL (9.5 or later): a row that is changed only by who may, on the server's clock.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Lease } from "./lease.ts";

/** `(text, values) => pool.query(text, values)` of the package `pg`, or anything that does the same. */
export type PostgresQuery = (
  text: string,
  values: readonly (string | number)[],
) => Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;

/** The table; made when it is missing, for those who may. Put it among the migrations otherwise. */
export const leaseTable = `create table if not exists homeostat_lease (
  name text primary key,
  holder text,
  token bigint not null,
  until timestamptz not null
)`;

// clock_timestamp(), not now(): a statement may have waited for the row, and now() is when it began.
const later = "clock_timestamp() + $3::float8 * interval '1 millisecond'";

const acquireText = `insert into homeostat_lease as lease (name, holder, token, until)
values ($1, $2, 1, ${later})
on conflict (name) do update set holder = $2, token = lease.token + 1, until = ${later}
where lease.holder is null or lease.holder = $2 or lease.until <= clock_timestamp()
returning token::text`;

const holderText = `select holder, extract(epoch from until - clock_timestamp()) * 1000 as left
from homeostat_lease where name = $1 and holder is not null`;

const mine = "name = $1 and holder = $2";

const renewText = `update homeostat_lease set until = ${later}
where ${mine} and token = $4::bigint and until > clock_timestamp() returning token::text`;

const releaseText = `update homeostat_lease set holder = null
where ${mine} and token = $3::bigint`;

/**
 * One row of the table `homeostat_lease`, which stays for ever as it holds the last token. The times
 * are those of the server, so that the clocks of the apps do not matter.
 *
 * It is no session advisory lock, as that one is held for as long as the session: when the network
 * breaks, the server keeps the lock until TCP gives up, hours later, and meanwhile a leader that is
 * cut off has no time by which it must stop believing. A pooler hands the session, and with it the
 * lock, to somebody else. And it brings no fencing token.
 *
 * With asynchronous replication a failover may forget the last changes, as with {@link redisLease}.
 */
export function postgresLease(query: PostgresQuery, name: string): Lease {
  const ask = async (text: string, values: readonly (string | number)[]) => {
    try {
      return (await query(text, values)).rows;
    } catch (error) {
      if (!isTableMissing(error)) throw error;
      // Two who make it at the same moment: one may fail, and finds it there.
      await query(leaseTable, []).catch(() => query(leaseTable, []));
      return (await query(text, values)).rows;
    }
  };
  return {
    name,
    acquire: async (holder, ttlMs, signal) => {
      signal.throwIfAborted();
      const [given] = await ask(acquireText, [name, holder, ttlMs]);
      if (given) return { token: tokenOf(name, given.token) };
      signal.throwIfAborted();
      const [held] = await ask(holderText, [name]);
      if (!held) return {};
      return { heldBy: String(held.holder), untilMs: Math.max(0, Number(held.left)) };
    },
    renew: async (holder, token, ttlMs, signal) => {
      signal.throwIfAborted();
      return (await ask(renewText, [name, holder, ttlMs, String(token)])).length === 1;
    },
    release: async (holder, token) => {
      await ask(releaseText, [name, holder, String(token)]);
    },
  };
}

/** 42P01 is "undefined_table"; the words are for clients that do not tell the code. */
function isTableMissing(error: unknown): boolean {
  if (typeof error === "object" && error !== null && "code" in error && error.code === "42P01") {
    return true;
  }
  return /homeostat_lease.* does not exist/.test(messageOf(error));
}

function tokenOf(name: string, text: unknown): number {
  const token = Number(text);
  if (Number.isSafeInteger(token)) return token;
  throw new HomeostatError("WIRE_SHAPE", `lease ${name}: expected a token, got ${String(text)}`);
}
