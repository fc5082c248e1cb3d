// Holds the tree to the rules of the house.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check, print } from "./house/architecture.ts";
import { readTree } from "./house/tree.ts";

test("the tree keeps the rules of the house", () => {
  const violations = check(readTree());
  assert.equal(violations.length, 0, `\n${violations.map(print).join("\n")}`);
});
