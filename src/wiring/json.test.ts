// The JSON reader agrees with JSON.parse on what is JSON, and knows the place of what is not.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readJson } from "./json.ts";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function agrees(text: string): void {
  const found = readJson(text);
  if (found.ok) assert.deepEqual(found.value, JSON.parse(text));
  else if (found.fault.expected !== "each name once") assert.equal(isJson(text), false, text);
}

describe("reading JSON", () => {
  it("agrees with JSON.parse on JSON with one character changed", () => {
    const piece = fc.constantFrom("", ",", "}", "]", '"', "1", "x", "-", "\\", ":", "\u0001", "é");
    fc.assert(
      fc.property(fc.json(), fc.nat(), piece, (text, n, put) => {
        const at = n % (text.length + 1);
        agrees(text);
        agrees(text.slice(0, at) + put + text.slice(at));
        agrees(text.slice(0, at) + text.slice(at + 1));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it("agrees with JSON.parse on what looks like JSON", () => {
    const unit = fc.constantFrom(...'{}[],:"\\ 01.eE+-tn\n');
    fc.assert(fc.property(fc.string({ unit }), agrees), { numRuns: 1_000 });
  });

  const faults: readonly (readonly [string, number, number, RegExp, RegExp])[] = [
    ['{\n  "a": 1,\n}', 3, 1, /a name in double quotes/, /"}"/],
    ['{"a": 01}', 1, 7, /a value/, /"01"/],
    ['{"a" 1}', 1, 6, /":"/, /"1"/],
    ['["a" "b"]', 1, 6, /"," or "]"/, /text in quotes/],
    ['["a\n"]', 1, 2, /a value or "]"/, /a quote that is not closed/],
    ["{} {}", 1, 4, /nothing more/, /"\{"/],
    ['{"a": {"b": 1, "b": 2}}', 1, 16, /each name once/, /"b" again/],
    ['{"a": 1, "\\u0061": 2}', 1, 10, /each name once/, /"a" again/],
    ["", 1, 1, /a value/, /the end of the file/],
  ];
  for (const [text, line, column, expected, got] of faults) {
    it(`tells the place in ${JSON.stringify(text)}`, () => {
      const found = readJson(text);
      assert.ok(!found.ok);
      assert.deepEqual([found.fault.line, found.fault.column], [line, column]);
      assert.match(found.fault.expected, expected);
      assert.match(found.fault.got, got);
    });
  }

  it("does not repeat text, which may be a secret", () => {
    const found = readJson('{"token": "hunter2-hunter2');
    assert.ok(!found.ok);
    assert.ok(!JSON.stringify(found.fault).includes("hunter2"));
  });
});
