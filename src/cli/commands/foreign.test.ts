// What `homeostat status` says of foreign sources.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lossy, sound } from "../../../test/support/source-views.ts";
import { sourceLines } from "./foreign.ts";

test("a person is told what is left out, and what to do", () => {
  assert.deepEqual(sourceLines(sound), ["otlp (http://127.0.0.1:4318): 7 points of 2 series"]);
  assert.deepEqual(sourceLines(lossy).slice(1), [
    "  does not work: EADDRINUSE",
    "  left out: 2 late, 1 series limit",
    "  more than 10 series came: raise series",
    "  of no service here: 4 of shop, 1 of evil",
  ]);
});
