// The few commands that a cache recovery sends to Redis, over a plain socket; no client library.
// Source: the Redis serialization protocol, version 2 (RESP2).

import { createAlarm } from "../../kernel/alarm.ts";
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Hand } from "./recipes.ts";
import type { Ask, StepContext } from "./step.ts";

export interface RedisPlace {
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  /** Milliseconds for connecting and all answers; default 5,000. */
  readonly limitMs?: number;
}

export type RedisReply = string | number | null | readonly RedisReply[];

/** Sends commands over one connection, one after the other. @throws ACTION_FAILED for an error reply. */
export type RedisCall = (...command: readonly string[]) => Promise<RedisReply>;

/** Whether it answers PING; one that is still loading its data does not yet. */
export function redisAnswers(place: RedisPlace): Ask {
  return (context) => withRedis(place, context, async (call) => (await call("PING")) === "PONG");
}

/**
 * Forgets the keys that begin with `prefix`, a thousand at a time and without blocking the server.
 * An empty prefix forgets the whole database, also what others keep in it.
 */
export function redisFlush(place: RedisPlace, prefix: string): Hand {
  return (context) =>
    withRedis(place, context, async (call) => {
      if (prefix === "") return call("FLUSHDB");
      const match = `${prefix.replace(/[\\*?[\]]/g, "\\$&")}*`;
      let cursor = "0";
      let forgotten = 0;
      do {
        const [next, keys] = (await call("SCAN", cursor, "MATCH", match, "COUNT", "1000")) as [
          string,
          string[],
        ];
        if (keys.length > 0) forgotten += Number(await call("UNLINK", ...keys));
        cursor = next;
      } while (cursor !== "0");
      return forgotten;
    });
}

/** Puts pairs in, each for `forMs`. */
export function redisPut(
  place: RedisPlace,
  pairs: (context: StepContext) => Promise<Iterable<readonly [string, string]>>,
  forMs: number,
): Hand {
  return async (context) => {
    const all = [...(await pairs(context))];
    return withRedis(place, context, async (call) => {
      for (const [key, value] of all) await call("SET", key, value, "PX", String(forMs));
      return all.length;
    });
  };
}

const bytesMax = 1_048_576;

export async function withRedis<Result>(
  place: RedisPlace,
  { clock, signal }: Pick<StepContext, "clock" | "signal">,
  use: (call: RedisCall) => Promise<Result>,
): Promise<Result> {
  const { host = "127.0.0.1", port = 6379, username, password, limitMs = 5_000 } = place;
  const socket = builtin("node:net").connect({ host, port });
  let waiting: { resolve(reply: RedisReply): void; reject(error: unknown): void } | undefined;
  let got = Buffer.alloc(0);
  let dead: unknown;
  const fail = (error: unknown): void => {
    dead ??= error;
    waiting?.reject(dead);
    socket.destroy();
  };
  const failed = (why: string): HomeostatError =>
    new HomeostatError("ACTION_FAILED", `redis at ${host}:${port}: ${why}`);
  const onAbort = (): void => fail(signal.reason);
  const alarm = createAlarm(clock, () => fail(failed(`no answer within ${limitMs} ms`)));
  alarm.ringIn(limitMs);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("error", (error) => fail(failed(error.message)));
  socket.on("close", () => fail(failed("the connection was closed")));
  socket.on("data", (chunk: Buffer) => {
    got = Buffer.concat([got, chunk]);
    if (got.length > bytesMax) return fail(failed(`a reply of over ${bytesMax} bytes`));
    const read = readReply(got, 0);
    if (!read) return;
    got = got.subarray(read.end);
    if (read.value instanceof Error) waiting?.reject(failed(read.value.message));
    else waiting?.resolve(read.value);
  });
  const call: RedisCall = (...words) =>
    new Promise((resolve, reject) => {
      if (dead !== undefined) return reject(dead);
      waiting = { resolve, reject };
      socket.write(encode(words));
    });
  try {
    if (signal.aborted) throw signal.reason;
    // Only Redis 6 and later know user names.
    const who = username === undefined ? [] : [username];
    if (password !== undefined) await call("AUTH", ...who, password);
    return await use(call);
  } finally {
    alarm.off();
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

function encode(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}

interface Read<Value> {
  readonly value: Value;
  readonly end: number;
}

/** Undefined when it is not all there; an error reply is an Error. */
export function readReply(bytes: Buffer, from: number): Read<RedisReply | Error> | undefined {
  const lineEnd = bytes.indexOf("\r\n", from);
  if (lineEnd < 0) return undefined;
  const kind = String.fromCharCode(bytes[from] ?? 0);
  const text = bytes.toString("utf8", from + 1, lineEnd);
  const end = lineEnd + 2;
  if (kind === "+") return { value: text, end };
  if (kind === "-") return { value: new Error(text), end };
  if (kind === ":") return { value: Number(text), end };
  const length = Number(text);
  if ((kind !== "$" && kind !== "*") || !Number.isInteger(length)) {
    return { value: new Error(`expected RESP2, got ${JSON.stringify(text.slice(0, 40))}`), end };
  }
  if (length < 0) return { value: null, end };
  if (kind === "$") {
    if (bytes.length < end + length + 2) return undefined;
    return { value: bytes.toString("utf8", end, end + length), end: end + length + 2 };
  }
  return readList(bytes, end, length);
}

function readList(
  bytes: Buffer,
  from: number,
  length: number,
): Read<RedisReply | Error> | undefined {
  const list: RedisReply[] = [];
  let end = from;
  while (list.length < length) {
    const item = readReply(bytes, end);
    if (!item) return undefined;
    if (item.value instanceof Error) return item;
    list.push(item.value);
    end = item.end;
  }
  return { value: list, end };
}
