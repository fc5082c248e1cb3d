// Names of requests, written by place into the lines that carry them: one text and no parts of it.
import type { Random } from "../../kernel/random.ts";

const digits: Uint8Array = new Uint8Array(Buffer.from("0123456789abcdef"));

const zeros = (count: number): string => "0".repeat(count);
const traced = `traceparent: 00-${zeros(32)}-${zeros(16)}-00\r\n`;
const named = `X-Request-Id: ${zeros(32)}\r\n\r\n`;
const lines = Buffer.from(traced + named);
const traceAt = traced.indexOf("0-") + 2;
const spanAt = traceAt + 33;
const nameAt = traced.length + named.indexOf(zeros(32));

export interface Names {
  readonly id: string;
  /** `traceparent` and `X-Request-Id` as far as the client has sent none, and the empty line. */
  readonly text: string;
}

/** What the client has sent stays; a request that came without is named after its trace. */
export function nameLines(
  random: Random,
  trace: string | undefined,
  requestId: string | undefined,
): Names {
  if (trace !== undefined) {
    const id = requestId ?? trace.slice(3, 35);
    return { id, text: requestId === undefined ? `X-Request-Id: ${id}\r\n\r\n` : "\r\n" };
  }
  for (let at = 0; at < 32; at += 8) put(traceAt + at, nameAt + at, random());
  for (let at = 0; at < 16; at += 8) put(spanAt + at, spanAt + at, random());
  // All zero would be no trace and no span.
  lines[traceAt + 31] = lines[nameAt + 31] = lines[spanAt + 15] = 0x31;
  if (requestId !== undefined) {
    return { id: requestId, text: `${lines.toString("latin1", 0, traced.length)}\r\n` };
  }
  const text = lines.toString("latin1");
  return { id: text.slice(traceAt, traceAt + 32), text };
}

/** Eight digits of a number from 0 to 1, in two places. */
function put(at: number, to: number, chance: number): void {
  let bits = Math.trunc(chance * 2 ** 32);
  for (let i = 0; i < 8; i++) {
    const digit = digits[bits & 15] ?? 0x30;
    lines[at + i] = digit;
    lines[to + i] = digit;
    bits >>>= 4;
  }
}
