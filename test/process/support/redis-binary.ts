// A client of Redis that takes and answers bytes, as a cache's own client would; for tests.
import { connect } from "node:net";
import type { RedisSend } from "../../../src/runtime/chaos/targets/redis.ts";

export interface RedisBinary extends Disposable {
  readonly send: RedisSend;
}

/** Source: the Redis serialization protocol, version 2. */
export function redisBinary(port: number): RedisBinary {
  const socket = connect({ host: "127.0.0.1", port });
  const waiting: { resolve(reply: unknown): void; reject(error: Error): void }[] = [];
  let got = Buffer.alloc(0);
  const fail = (error: Error): void => {
    for (const one of waiting.splice(0)) one.reject(error);
  };
  socket.on("error", fail).on("close", () => fail(new Error("closed")));
  socket.on("data", (chunk) => {
    got = Buffer.concat([got, chunk]);
    for (let read = reply(got, 0); read; read = reply(got, 0)) {
      got = got.subarray(read.end);
      const one = waiting.shift();
      if (read.value instanceof Error) one?.reject(read.value);
      else one?.resolve(read.value);
    }
  });
  return {
    send: (...words) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        const parts = words.map((word) => Buffer.from(word as string));
        const bulk = parts.flatMap((part) => [`$${part.length}\r\n`, part, "\r\n"]);
        const all = [`*${words.length}\r\n`, ...bulk].map((part) => Buffer.from(part as string));
        socket.write(Buffer.concat(all));
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function reply(bytes: Buffer, from: number): { value: unknown; end: number } | undefined {
  const line = bytes.indexOf("\r\n", from);
  if (line < 0) return undefined;
  const text = bytes.toString("latin1", from + 1, line);
  const end = line + 2;
  const kind = String.fromCharCode(bytes[from] ?? 0);
  if (kind === "-") return { value: new Error(text), end };
  if (kind === "+") return { value: Buffer.from(text), end };
  if (kind === ":") return { value: Number(text), end };
  const length = Number(text);
  if (length < 0) return { value: null, end };
  if (kind === "$") {
    if (bytes.length < end + length + 2) return undefined;
    return { value: bytes.subarray(end, end + length), end: end + length + 2 };
  }
  const list: unknown[] = [];
  let at = end;
  while (list.length < length) {
    const item = reply(bytes, at);
    if (!item) return undefined;
    list.push(item.value);
    at = item.end;
  }
  return { value: list, end: at };
}
