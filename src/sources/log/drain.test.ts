// Mining templates: what belongs together is found, memory is bounded, and secrets are not kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMiner, type Miner } from "./drain.ts";
import { idOf } from "./mask.ts";

const texts = (miner: Miner): readonly string[] =>
  [...miner.templates].map(({ text }) => text).toSorted();
const mine = (miner: Miner, line: string): boolean => miner.mine(line, "info").isNew;

test("a word that changes becomes a place in the template, another verb another template", () => {
  const miner = createMiner();
  assert.equal(mine(miner, "user alice logged in from 10.0.0.1"), true);
  assert.equal(mine(miner, "user bob logged in from 10.0.0.2"), false);
  assert.equal(mine(miner, "user carol logged out from 10.0.0.2"), true);
  assert.equal(mine(miner, "queue is full"), true);
  assert.equal(mine(miner, "queue is empty"), true);
  assert.deepEqual(texts(miner), [
    "queue is empty",
    "queue is full",
    "user <*> logged in from <*>",
    "user carol logged out from <*>",
  ]);
});

test("a line whose severity is another is of another kind", () => {
  const miner = createMiner();
  assert.equal(miner.mine("cache is slow today", "info").isNew, true);
  assert.equal(miner.mine("cache is slow today", "error").isNew, true);
  assert.equal(miner.mine("cache is slow today", "info").isNew, false);
  assert.equal(miner.mine("cache was slow 7", () => "warn").template.severity, "warn");
});

test("the name of a template is that of its text", () => {
  const [a, b] = [createMiner(), createMiner()];
  const one = a.mine("job 7 is done", "info").template;
  b.mine("something else", "info");
  assert.equal(idOf(one.text), idOf(b.mine("job 9 is done", "info").template.text));
});

test("at most so many templates are kept: the one not seen for longest goes", () => {
  const miner = createMiner({ templatesMax: 3 });
  for (const word of ["alpha", "beta", "gamma"]) {
    miner.turn();
    mine(miner, `${word} starts`);
  }
  miner.turn();
  assert.equal(mine(miner, "alpha starts"), false);
  assert.equal(mine(miner, "delta starts"), true);
  assert.deepEqual(texts(miner), ["alpha starts", "delta starts", "gamma starts"]);
  assert.equal(miner.evicted, 1);
  assert.equal(mine(miner, "beta starts"), true, "it was forgotten");
});

test("noise without end keeps it small", () => {
  const miner = createMiner({ templatesMax: 50 });
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const word = (n: number): string =>
    [n, n * 7, n * 31].map((it) => letters[Math.floor(it / 3) % 26] ?? "").join("");
  for (let n = 0; n < 3_000; n++) mine(miner, `${word(n)} ${word(n + 9)} x`.repeat(1 + (n % 3)));
  assert.ok(miner.templates.size <= 50);
});

test("in one turn only so many are learnt", () => {
  const miner = createMiner({ newMax: 2 });
  const come = (): readonly boolean[] => ["a b", "c d", "e f", "a b"].map((it) => mine(miner, it));
  assert.deepEqual(come(), [true, true, false, false]);
  miner.turn();
  assert.deepEqual(come(), [false, false, true, false]);
  assert.equal(miner.templates.size, 3);
});

test("no secret is kept, and a line with one is known again", () => {
  const miner = createMiner();
  assert.equal(mine(miner, "login password=hunter was refused"), true);
  assert.equal(mine(miner, "login password=swordfish was refused"), false);
  assert.deepEqual(texts(miner), ["login password=*** was refused"]);
});

test("what was known before a restart is known after it", () => {
  const miner = createMiner();
  miner.restore("user <*> logged in from <*>", "info", 9);
  assert.equal(mine(miner, "user dave logged in from 10.9.9.9"), false);
  assert.equal([...miner.templates][0]?.count, 10);
});
