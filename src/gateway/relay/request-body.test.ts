// The body of a request on its way to one instance, and again to the next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestBody, type Taker } from "./request-body.ts";

function taker(room = Number.POSITIVE_INFINITY): Taker & { got: string; ended: boolean } {
  let left = room;
  return {
    got: "",
    ended: false,
    take(piece) {
      this.got += piece.toString();
      left -= piece.length;
      return left > 0;
    },
    takeEnd() {
      this.ended = true;
    },
  };
}

const piece = (text: string): Buffer => Buffer.from(text);

test("what came before somebody took it is given in order, then what comes", () => {
  let asked = 0;
  const body = new RequestBody(0, () => asked++);
  assert.equal(body.push(piece("a")), false, "nobody takes it yet");
  const to = taker();
  body.giveTo(to);
  assert.deepEqual([to.got, asked, body.waitsForClient], ["a", 1, true]);
  assert.equal(body.push(piece("b")), true);
  body.end();
  assert.deepEqual([to.got, to.ended, body.waitsForClient], ["ab", true, false]);
});

test("a small body is given whole to the next one, a large one cannot be", () => {
  const body = new RequestBody(4, () => {});
  body.push(piece("ab"));
  body.giveTo(taker());
  body.push(piece("cd"));
  body.stop();
  const second = taker();
  body.giveTo(second);
  assert.deepEqual([second.got, body.repeatable], ["abcd", true]);
  body.push(piece("e"));
  assert.equal(body.repeatable, false);
});

test("a taker that is full stops the client until it goes on", () => {
  let asked = 0;
  const body = new RequestBody(0, () => asked++);
  const to = taker(2);
  body.giveTo(to);
  assert.equal(body.push(piece("ab")), false);
  assert.equal(body.waitsForClient, false, "it is the taker that is waited for");
  body.goOn();
  assert.deepEqual([asked, body.waitsForClient], [2, true]);
});
