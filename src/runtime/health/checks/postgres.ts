// Checks a PostgreSQL server by its startup message: any answer but "I cannot serve now" is alive.
import type { Check, CheckAnswer } from "../../parts/health.ts";
import { converse, type Place } from "./conversation.ts";

export interface PostgresCheckOptions extends Place {
  /** Default 5432. */
  readonly port?: number;
  /** Default "postgres". No password is sent: a server that asks for one is alive. */
  readonly user?: string;
  /** Default: as the user. When it is named, a server without it is unhealthy. */
  readonly database?: string;
}

interface Message {
  readonly type: string;
  readonly body: Buffer;
}

const protocol3 = 196_608;
const longestMessage = 30_000;
/** Terminate, so that the server's log names no broken client. */
const terminate: Buffer = Buffer.from([0x58, 0, 0, 0, 4]);
/** Resources spent, operator intervention (57P03: starting up), system error, config, internal. */
const cannotServe: ReadonlySet<string> = new Set(["53", "57", "58", "F0", "XX"]);
const noSuchDatabase = "3D000";

/** @see https://www.postgresql.org/docs/current/protocol-message-formats.html */
export function postgresCheck(options: PostgresCheckOptions = {}): Check {
  const hello = startup(options);
  return ({ signal }) =>
    converse({
      to: { port: 5432, ...options },
      signal,
      hello,
      goodbye: terminate,
      hear: (heard) => judge(heard, options.database !== undefined),
    });
}

function startup({ user = "postgres", database = user }: PostgresCheckOptions): Buffer {
  const pairs = ["user", user, "database", database, "application_name", "homeostat health"];
  const body = Buffer.from(`${pairs.map((word) => `${word.replaceAll("\0", "")}\0`).join("")}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + head.length, 0);
  head.writeInt32BE(protocol3, 4);
  return Buffer.concat([head, body]);
}

function judge(heard: Buffer, databaseNamed: boolean): CheckAnswer {
  for (const { type, body } of messages(heard)) {
    if (type === "E") return refused(body, databaseNamed);
    // A login is asked for; code 0 says that none is needed, and the session goes on to "Z".
    if (type === "R" && body.readInt32BE(0) !== 0) return true;
    if (type === "Z") return true;
  }
  return undefined;
}

function refused(body: Buffer, databaseNamed: boolean): CheckAnswer {
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );
  const code = fields.get("C") ?? "";
  const down = cannotServe.has(code.slice(0, 2)) || (databaseNamed && code === noSuchDatabase);
  if (!down) return true;
  return { status: "unhealthy", reason: `PostgreSQL answered: ${fields.get("M")} (${code})` };
}

/** The whole messages among what came. */
function* messages(heard: Buffer): Generator<Message> {
  let at = 0;
  while (heard.length >= at + 5) {
    const type = heard.toString("latin1", at, at + 1);
    const length = heard.readInt32BE(at + 1);
    if (!/[A-Za-z]/.test(type) || length < 4 || (type === "R" && length < 8)) notPostgres();
    if (length > longestMessage) {
      // A server that cannot even fork answers as protocol 2 did: E, then plain text.
      if (type !== "E") notPostgres();
      throw new Error(
        `PostgreSQL answered: ${heard.toString("utf8", at + 1).replaceAll("\0", "")}`,
      );
    }
    if (heard.length < at + 1 + length) return;
    yield { type, body: heard.subarray(at + 5, at + 1 + length) };
    at += 1 + length;
  }
}

function notPostgres(): never {
  throw new Error("the answer is not PostgreSQL");
}
