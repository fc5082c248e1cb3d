// Each hostile request in HTTP/2 is refused, or reaches the instance as exactly what it says.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect } from "node:tls";
import { type H2Case, http2Corpus } from "../gateway-corpus/http2.ts";
import { startOracle } from "../gateway-corpus/rig.ts";
import { askOver, client, type SecureRoute, startBefore } from "./gateway-secure-rig.ts";
import {
  endHeaders,
  endStream,
  frame,
  headerBlock,
  type Pairs,
  preface,
  readFrames,
  types,
} from "./support/http2-frames.ts";

/** The status is one of the static table, or a literal of three digits. Source: RFC 7541. */
const indexed: Readonly<Record<number, number>> = { 136: 200, 140: 400, 141: 404, 142: 500 };

function statusOf(block: Buffer): number {
  const [first = 0] = block;
  if (indexed[first] !== undefined) return indexed[first];
  // A literal with the name :status, in Huffman's code or plain: only its value matters here.
  const size = (block[1] ?? 0) & 0x7f;
  const value = block.subarray(2, 2 + size);
  if (((block[1] ?? 0) & 0x80) === 0) return Number(value.toString());
  return digitsOf(value);
}

/** Digits in Huffman's code: 0, 1 and 2 are of five bits, the others of six. */
function digitsOf(bytes: Buffer): number {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let text = "";
  for (let at = 0; text.length < 3; ) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2);
    if (short < 3) {
      text += short;
      at += 5;
    } else {
      text += Number.parseInt(bits.slice(at, at + 6), 2) - 0b011001 + 3;
      at += 6;
    }
  }
  return Number(text);
}

function bytesOf({ fields, data, trailers }: H2Case): Buffer {
  const last = data === undefined;
  const head = (block: Pairs, ends: boolean): Buffer =>
    frame(types.headers, endHeaders | (ends ? endStream : 0), 1, headerBlock(block));
  const frames = (data ?? []).map((piece, i) => {
    const ends = !trailers && i === (data?.length ?? 0) - 1;
    return frame(types.data, ends ? endStream : 0, 1, Buffer.from(piece, "latin1"));
  });
  return Buffer.concat([
    preface,
    head(fields, last),
    ...frames,
    ...(trailers ? [head(trailers, true)] : []),
  ]);
}

async function send({ port }: SecureRoute, one: H2Case): Promise<number | "reset" | "nothing"> {
  const options = { port, host: "127.0.0.1", ALPNProtocols: ["h2"], rejectUnauthorized: false };
  const socket = connect(options).on("error", () => {});
  await once(socket, "secureConnect");
  socket.write(bytesOf(one));
  let received = Buffer.alloc(0);
  let found: number | "reset" | "nothing" = "nothing";
  const limit = setTimeout(() => socket.destroy(), 5_000);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk]);
    for (const { type, payload } of readFrames(received)) {
      if (type === types.headers && found === "nothing") found = statusOf(payload);
      if (type === types.reset || type === types.goaway)
        found = found === "nothing" ? "reset" : found;
    }
    if (found !== "nothing") break;
  }
  clearTimeout(limit);
  socket.destroy();
  return found;
}

test(`the ${http2Corpus.length} requests of the corpus`, async (t) => {
  assert.ok(http2Corpus.length >= 80);
  const oracle = await startOracle();
  t.after(() => oracle.close());
  const route = await startBefore(t, oracle.port);
  const problems: string[] = [];
  for (const one of http2Corpus) {
    oracle.seen.length = 0;
    const found = await send(route, one).catch((error: unknown) => error);
    if (found !== one.status) problems.push(`${one.name}: expected ${one.status}, got ${found}`);
    const seen = JSON.stringify(oracle.seen);
    if (seen !== JSON.stringify(one.seen)) problems.push(`${one.name}: reached as ${seen}`);
  }
  assert.deepEqual(problems, []);
  assert.equal((await askOver(client(t, route.port), "/")).status, 200);
});
