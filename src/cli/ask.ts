// One HTTP request to the daemon on a plain socket: `fetch` alone would cost a command 30 ms to load.
import { connect } from "node:net";
import { HomeostatError } from "../kernel/errors.ts";

export interface Question {
  readonly method: "GET" | "POST";
  /** `http://127.0.0.1:7070/api/state` */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly limitMs: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const answerBytesMax = 256 * 1_024 * 1_024;

/**
 * Version 1.0 of the protocol (RFC 1945), so that an answer is never cut into chunks: it ends with
 * the connection, and is as long as its head says.
 *
 * @throws what the system says of the connection, or WIRE_SHAPE for what is no answer
 */
export function ask({ method, url, headers, body = "", limitMs }: Question): Promise<Answer> {
  const { hostname, host, port, pathname, search } = new URL(url);
  const lines = Object.entries({
    host,
    ...headers,
    ...(method === "POST" ? { "content-length": String(Buffer.byteLength(body)) } : {}),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const parts: Buffer[] = [];
  let size = 0;
  const socket = connect(Number(port || 80), hostname.replace(/^\[(.*)\]$/, "$1"));
  const end = (error: Error): void => {
    reject(error);
    socket.destroy();
  };
  const limit = setTimeout(() => end(new Error(`no answer within ${limitMs} ms`)), limitMs);
  socket.on("error", reject);
  socket.on("data", (part: Buffer) => {
    size += part.length;
    parts.push(part);
    if (size > answerBytesMax) end(wrong("it is longer than 256 MiB"));
  });
  socket.on("close", () => {
    try {
      resolve(answerOf(Buffer.concat(parts)));
    } catch (error) {
      reject(error);
    }
  });
  socket.write(`${method} ${pathname}${search} HTTP/1.0\r\n${lines.join("")}\r\n${body}`);
  return promise.finally(() => clearTimeout(limit));
}

/** @throws WIRE_SHAPE */
function answerOf(bytes: Buffer): Answer {
  const headEnd = bytes.indexOf("\r\n\r\n");
  const head = bytes.toString("latin1", 0, Math.max(0, headEnd));
  const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? [];
  if (headEnd < 0 || status === undefined) throw wrong("it is no HTTP");
  const body = bytes.subarray(headEnd + 4);
  const [, length = String(body.length)] = /^content-length: *(\d+) *$/im.exec(head) ?? [];
  if (body.length < Number(length)) throw wrong("it broke off");
  return { status: Number(status), body: body.toString("utf8", 0, Number(length)) };
}

function wrong(why: string): HomeostatError {
  return new HomeostatError("WIRE_SHAPE", `the answer of the daemon cannot be read: ${why}`);
}
