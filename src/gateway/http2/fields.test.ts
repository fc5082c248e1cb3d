// Lines become fields whatever they are called, and none of their bytes is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addLines, noFields } from "./fields.ts";
import { answerOf } from "./instance-answer.ts";

test("a field may be called as a property of any object", () => {
  const fields = noFields();
  addLines(fields, "Constructor: a\r\n__proto__: b\r\nconstructor: c\r\n", 0);
  assert.deepEqual(Object.entries(fields), [
    ["constructor", "a, c"],
    ["__proto__", "b"],
  ]);
});

test("a value loses the blanks around it, and no byte that only looks like one", () => {
  const fields = noFields();
  addLines(fields, "X-Name: \t voil\u00c3\u00a0 \r\n", 0);
  assert.equal(fields["x-name"], "voil\u00c3\u00a0");
});

test("an answer has a status of one of the five classes", () => {
  const statusOf = (status: string) => answerOf([":status", status], "GET")?.status;
  assert.deepEqual(["100", "200", "599"].map(statusOf), [100, 200, 599]);
  assert.deepEqual(["099", "600", "999", "20"].map(statusOf), new Array(4).fill(undefined));
});
