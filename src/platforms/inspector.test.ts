// Reading what the kernel and the inspector print: listeners, targets, scripts and frames.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListeners, targetIn } from "./inspector-port.ts";
import { framesOf, parseScript } from "./inspector-session.ts";

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

test("a script is read from the beginning of its message", () => {
  const message = (url: string, tail = ""): string =>
    `{"method":"Debugger.scriptParsed","params":{"scriptId":"88","url":${JSON.stringify(url)},"x":"${tail}"}}`;
  assert.deepEqual(parseScript(message("file:///srv/a.ts", "m".repeat(100_000))), {
    id: "88",
    url: "file:///srv/a.ts",
  });
  assert.deepEqual(parseScript(message('a "quoted" \\ ü')), { id: "88", url: 'a "quoted" \\ ü' });
  assert.equal(parseScript('{"id":1,"result":{}}'), undefined);
});

test("a frame takes its url from the script, and counts from 1", () => {
  const callFrames = [
    {
      functionName: "spin",
      url: "",
      location: { scriptId: "88", lineNumber: 0, columnNumber: 17 },
    },
    {
      functionName: "",
      url: "node:x",
      location: { scriptId: "9", lineNumber: 4, columnNumber: 0 },
    },
    null,
  ];
  assert.deepEqual(framesOf({ callFrames }, new Map([["88", "file:///srv/a.ts"]])), [
    { functionName: "spin", url: "file:///srv/a.ts", line: 1, column: 18 },
    { functionName: "", url: "node:x", line: 5, column: 1 },
    { functionName: "", url: "", line: 1, column: 1 },
  ]);
  for (const params of [undefined, {}, { callFrames: "no" }, 7]) {
    assert.deepEqual(framesOf(params, new Map()), []);
  }
});
