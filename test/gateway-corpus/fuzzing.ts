// Feeds the readers with damaged messages, whole and in pieces, and holds what has to be true of them.
import assert from "node:assert/strict";
import { KnownHeads } from "../../src/gateway/http1/known-heads.ts";
import type { Origin, Said } from "../../src/gateway/http1/request.ts";
import { RequestReader } from "../../src/gateway/http1/request-reader.ts";
import { ResponseReader } from "../../src/gateway/http1/response-reader.ts";
import { defaultLimits } from "../../src/gateway/relay/limits.ts";
import type { ResponseHead } from "../../src/gateway/relay/messages.ts";
import { below, type Random, seeded } from "../../src/kernel/random.ts";
import { corpus } from "./all.ts";

const limits = { ...defaultLimits, headBytes: 2_048, targetBytes: 1_024, fields: 40 };

const answers: readonly string[] = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nx",
  "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
  "HTTP/1.1 304\r\nConnection: close, x-own\r\nX-Own: 1\r\n\r\n",
];

const seeds: readonly string[] = corpus
  .map(({ send }) => send)
  .filter((text) => text.length < 1_500);
const bits = [
  "\r",
  "\n",
  "\r\n",
  "\r\n\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ";",
  ",",
  "0",
  "5",
  "f",
  "chunked",
];
const words = [
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Host: a\r\n",
  "\x7f",
  "\xff",
];
const tokens = [...bits, ...words];

/** A message with a few places cut out, doubled, replaced or filled. */
function damaged(random: Random, from: readonly string[]): string {
  let text = from[below(random, from.length)] ?? "";
  for (let times = below(random, 4); times >= 0; times--) {
    const at = below(random, text.length + 1);
    const to = Math.min(text.length, at + below(random, 12));
    const kind = below(random, 4);
    if (kind === 0) text = text.slice(0, at) + text.slice(to);
    else if (kind === 1) text = text.slice(0, to) + text.slice(at);
    else if (kind === 2)
      text = text.slice(0, at) + (tokens[below(random, tokens.length)] ?? "") + text.slice(at);
    else
      text = `${text.slice(0, at)}${String.fromCharCode(below(random, 256))}${text.slice(at + 1)}`;
  }
  return text.length > 4_096 ? text.slice(0, 4_096) : text;
}

function pieces(random: Random, text: string): readonly Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + below(random, below(random, 3) === 0 ? 3 : 200);
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}

function originOf(seed: number): Origin {
  return {
    ...{ limits, random: seeded(seed), address: "127.0.0.1", host: "shop.example:80" },
    ...{ isSecure: false, lastHost: undefined, lastForwarded: "" },
  };
}

/** All that a reader makes of the pieces; of a body at fault more or less may have come before. */
export function readRequests(chunks: readonly Buffer[], known?: KnownHeads<Said>): string {
  const reader = new RequestReader(originOf(1), known);
  let told = "";
  let body = "";
  for (const chunk of chunks) {
    reader.feed(chunk);
    // Each turn uses at least a byte; more turns than bytes would be a hang.
    for (let turns = reader.waitingBytes + 2; ; turns--) {
      assert.ok(turns > 0, "it turns without using a byte");
      if (reader.isInBody) {
        const piece = reader.readBody();
        if (piece === undefined) break;
        body += piece.toString("latin1");
      } else {
        const head = reader.readHead();
        if (head === undefined) break;
        told += `${body}<${head.text}>`;
        body = "";
      }
    }
    assert.ok(reader.fault || reader.waitingBytes <= limits.headBytes, "it gathers without limit");
    if (reader.fault) return `${told}!${reader.fault.status} ${reader.fault.text}`;
  }
  return told + body;
}

export function readAnswer(
  chunks: readonly Buffer[],
  method: string,
  known?: KnownHeads<ResponseHead>,
): string {
  const reader = new ResponseReader(limits, known);
  reader.reset(method);
  let told = "";
  let body = "";
  const to = {
    piece(bytes: Buffer, at: number, end: number) {
      body += bytes.toString("latin1", at, end);
    },
  };
  for (const chunk of chunks) {
    reader.feed(chunk, chunk.length);
    while (!reader.body) {
      const head = reader.readHead();
      if (!head) break;
      told += `<${head.status} ${head.framing} ${head.length} ${head.text}>`;
    }
    reader.readBody(to);
    reader.keep();
    if (reader.garbled !== undefined) return `${told}!${reader.garbled}`;
    if (reader.body?.ended) break;
  }
  return told + body;
}

/** What goes to an instance is one head that means the same to whoever reads it again. */
function checkText(told: string): void {
  const [, text = ""] = /^<([^>]*\r\n\r\n)>/.exec(told) ?? [];
  if (text === "") return;
  assert.doesNotMatch(text, /[\0\x7f]|\r(?!\n)|(?<!\r)\n/, "the head for an instance is not clean");
  const again = new RequestReader(originOf(2));
  again.feed(Buffer.from(text, "latin1"));
  assert.ok(again.readHead(), `the head for an instance is refused: ${again.fault?.text}`);
  assert.equal(again.waitingBytes, 0, "the head for an instance is two");
}

/** `count` inputs from `seed`; @throws what is not as it has to be, with the input. */
export function fuzz(count: number, seed: number): void {
  const random = seeded(seed);
  const asked = new KnownHeads<Said>();
  const answered = new KnownHeads<ResponseHead>();
  for (let i = 0; i < count; i++) {
    const isAnswer = i % 3 === 0;
    const input = damaged(random, isAnswer ? answers : seeds);
    const whole = [Buffer.from(input, "latin1")];
    const cut = pieces(random, input);
    try {
      if (isAnswer) {
        const told = readAnswer(whole, "GET");
        for (const parts of [cut, whole, cut, whole]) {
          assert.equal(readAnswer(parts, "GET", answered), told);
        }
      } else {
        const told = readRequests(whole);
        assert.equal(readRequests(cut), told);
        for (const parts of [whole, cut, whole]) {
          assert.equal(readRequests(parts, asked), told);
        }
        checkText(told);
      }
    } catch (error) {
      throw new Error(`seed ${seed}, input ${i}: ${JSON.stringify(input)}`, { cause: error });
    }
  }
}
