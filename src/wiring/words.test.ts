// The words of problems: near misses, places and values.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { either, nearest, pathText, quote, show, span } from "./words.ts";

describe("nearest", () => {
  const known = ["replicas", "dependsOn", "port", "probe", "restart", "stop", "env", "db"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["replica", "replicas"],
    ["Replicas", "replicas"],
    ["dependOn", "dependsOn"],
    ["depends_on", "dependsOn"],
    ["depends-on", "dependsOn"],
    ["prot", "port"],
    ["ports", "port"],
    ["porbe", "probe"],
    ["bd", "db"],
    ["rest", "restart"],
    ["stp", "stop"],
    ["colour", undefined],
    ["", undefined],
    ["x", undefined],
    ["r".repeat(100_000), undefined],
  ];
  for (const [word, meant] of cases) {
    it(`${word.slice(0, 20)} → ${meant}`, () => assert.equal(nearest(word, known), meant));
  }
  it("knows nothing near where nothing is known", () => {
    assert.equal(nearest("web", []), undefined);
  });
  it("takes the nearest of two", () => {
    assert.equal(nearest("web-11", ["web-2", "web-1"]), "web-1");
  });
});

describe("the text of a path", () => {
  it("can be copied into a search", () => {
    assert.equal(pathText(["services", "web-1", "dependsOn", 0]), "services.web-1.dependsOn[0]");
  });
  it("keeps apart what could be misread", () => {
    assert.equal(pathText(["services", "a.b", "env", ""]), 'services["a.b"].env[""]');
    assert.equal(pathText(["a\u001b[31m"]), '["a\\u001b[31m"]');
    assert.equal(pathText([]), "");
  });
});

describe("a value", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, "nothing"],
    [null, "an empty value"],
    ["a\nb", '"a\\nb"'],
    [Number.NaN, "NaN"],
    [-1.5, "-1.5"],
    [false, "false"],
    [[], "an empty list"],
    [["secret"], "a list"],
    [{}, "empty settings"],
    [{ a: 1, "b c": 2, d: 3, e: 4 }, 'settings (a, "b c", d, …)'],
    [Symbol("a promise"), "a promise"],
  ];
  for (const [value, text] of cases) it(text, () => assert.equal(show(value), text));
  it("is cut when it is long", () => assert.ok(quote("x".repeat(1_000)).length < 70));
});

it("says durations as a config takes them", () => {
  assert.deepEqual([0, 50, 1_500, 90_000, 604_800_000].map(span), [
    "0",
    "50ms",
    "1.5s",
    "1m30s",
    "7d",
  ]);
});

it("joins choices", () => {
  assert.deepEqual([either([]), either(["a"]), either(["a", "b", "c"])], ["", "a", "a, b or c"]);
});
