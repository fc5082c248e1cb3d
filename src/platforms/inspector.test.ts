// Reading what the kernel and the inspector print: listeners, targets, messages and frames.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListeners, targetIn } from "./inspector-port.ts";
import { framesOf } from "./inspector-session.ts";
import { frameCutter, frameOf } from "./inspector-socket.ts";

const head =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const socket = (local: string, state: string, inode: string): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 000000004b71ccd0 100 0 0 10 0`;

test("only listeners on the loopback count", () => {
  const table = [
    head,
    socket("0100007F:A917", "0A", "27636"),
    socket("00000000:07E8", "0A", "637"),
    socket("0100007F:A918", "01", "27637"),
    socket("7F000001:0050", "0A", "27638"),
    "",
  ].join("\n");
  assert.deepEqual(parseListeners(table), [
    { port: 43_287, inode: "27636" },
    { port: 80, inode: "27638" },
  ]);
  assert.deepEqual(parseListeners(""), []);
  assert.deepEqual(parseListeners(`${head}\n   0: torn`), []);
});

test("a target has a UUID; other servers have none", () => {
  const id = "6d13feef-1caa-4d99-92a2-01d389e44c56";
  assert.equal(targetIn(`[ {\n  "id": "${id}",\n  "type": "node" } ]`), id);
  for (const text of ["", "[]", "<html>", '{"id":"../evil"}', '[{"id":7}]']) {
    assert.equal(targetIn(text), undefined, text);
  }
});

test("the frames of what was thrown count from 1, without the evaluation itself", () => {
  const callFrames = [
    { functionName: "", scriptId: "200", url: "", lineNumber: 0, columnNumber: 0 },
    {
      functionName: "spin",
      scriptId: "88",
      url: "file:///srv/a.ts",
      lineNumber: 0,
      columnNumber: 17,
    },
    { functionName: "", scriptId: "9", url: "node:x", lineNumber: 4, columnNumber: 0 },
    null,
  ];
  const reply = { exceptionDetails: { scriptId: "200", stackTrace: { callFrames } } };
  assert.deepEqual(framesOf(reply), [
    { functionName: "spin", url: "file:///srv/a.ts", line: 1, column: 18 },
    { functionName: "", url: "node:x", line: 5, column: 1 },
    { functionName: "", url: "", line: 1, column: 1 },
  ]);
  for (const params of [undefined, {}, { exceptionDetails: { stackTrace: 7 } }]) {
    assert.deepEqual(framesOf(params), []);
  }
});

test("messages of an inspector are cut at any byte, and of any length", () => {
  const texts = ["", "ü", "m".repeat(126), "n".repeat(70_000)];
  // What it sends is not masked.
  const stream = Buffer.concat(texts.map((text) => unmasked(frameOf(text))));
  for (const step of [7, 5_000, stream.length]) {
    const heard: string[] = [];
    const take = frameCutter({ onText: (text) => heard.push(text), onBad: assert.fail });
    for (let at = 0; at < stream.length; at += step) take(stream.subarray(at, at + step));
    assert.deepEqual(heard, texts);
  }
});

test("what is no message ends the session once", () => {
  const goodbye = [0x88, 0x00];
  const torn = [0x01, 0x01, 0x61];
  const huge = [0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0];
  for (const bytes of [goodbye, torn, huge, [...frameOf("masked")]]) {
    let ends = 0;
    const take = frameCutter({ onText: assert.fail, onBad: () => ends++ });
    for (let round = 0; round < 2; round++) take(Buffer.from(bytes));
    assert.equal(ends, 1);
  }
});

/** The same without its mask of zeros. */
function unmasked(frame: Buffer): Buffer {
  const second = (frame[1] ?? 0) & 0x7f;
  const end = 2 + (second === 126 ? 2 : second === 127 ? 8 : 0);
  return Buffer.concat([
    Buffer.from([0x81, second]),
    frame.subarray(2, end),
    frame.subarray(end + 4),
  ]);
}
