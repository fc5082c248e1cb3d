// The words between the daemon and the receiver of sd_notify.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReceiver, receiverLine, word } from "./sd-notify.ts";

test("an order is one line of words, whatever its names hold", () => {
  const line = receiverLine(7, { kind: "begin", name: "web/1", run: "a b\n%ü" });
  assert.equal(line, "begin 7 web/1 a%20b%0a%25%c3%bc\n");
  const owner = { uid: 33, gid: 34 };
  const bind = { kind: "bind", name: "web/1", path: "/a b" } as const;
  assert.equal(receiverLine(1, { ...bind, owner }), "bind 1 web/1 /a%20b 33 34\n");
  assert.equal(receiverLine(1, bind), "bind 1 web/1 /a%20b -1 -1\n");
  assert.equal(receiverLine(2, { kind: "ping" }), "ping 2\n");
});

test("any text comes back as it was", () => {
  const ascii = Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).join("");
  for (const text of ["", " ", "%", "%41", "a=b\nc", "ü€😀", ascii]) {
    const heard = parseReceiver(`said web/1 ${word(text)} status=${word(text)}`);
    assert.ok(heard.kind === "said" && heard.run === text && heard.notes.status === text);
  }
});

test("what was said is read with its ages", () => {
  const text =
    "phase=reloading/20 ready=500 watchdog=3 trigger=1 within=10000 extend=5/60000 bad=2";
  const heard = parseReceiver(`said web/1 r1 ${text} mainpid=1`);
  assert.deepEqual(heard, {
    ...{ kind: "said", name: "web/1", run: "r1" },
    notes: {
      phase: { word: "reloading", agoMs: 20 },
      ...{ readyMs: 500, watchdogMs: 3, triggerMs: 1, withinMs: 10_000 },
      extend: { agoMs: 5, byMs: 60_000 },
      ...{ mainPid: true, bad: 2 },
    },
  });
  assert.deepEqual(parseReceiver("said web/1 %"), {
    ...{ kind: "said", name: "web/1", run: "" },
    notes: { mainPid: false, bad: 0 },
  });
});

test("what is no message is refused", () => {
  for (const line of ["", "hello", "hello 1 x", "done", "done -1", "said web/1 r1 ready=soon"]) {
    assert.throws(() => parseReceiver(line), { code: "WIRE_SHAPE" }, line);
  }
});
