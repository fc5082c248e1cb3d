// The gateway against hostile and odd messages: each is refused as it has to be, or arrives as one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { corpus, send } from "./gateway-corpus/all.ts";
import type { Case } from "./gateway-corpus/case.ts";
import { fuzz } from "./gateway-corpus/fuzzing.ts";
import { startOracle, startRoute } from "./gateway-corpus/rig.ts";

test("the corpus is large, and no message has the name of another", () => {
  assert.ok(corpus.length >= 300, `${corpus.length} messages`);
  assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length);
});

test("every message of the corpus is refused or passed on as its case says", async (t) => {
  const problems: string[] = [];
  const work = [...corpus];
  // An instance of its own for each worker, so that it is known whose request arrived.
  const worker = async (): Promise<void> => {
    const oracle = await startOracle();
    const route = await startRoute(oracle.port);
    t.after(async () => {
      await route.close();
      oracle.close();
    });
    for (let message = work.pop(); message; message = work.pop()) {
      oracle.seen.length = 0;
      const found = await problemOf(message, route.port, oracle.seen);
      if (found !== undefined) problems.push(`${message.name}: ${found}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  assert.deepEqual(problems, []);
});

async function problemOf(
  message: Case,
  port: number,
  seen: readonly string[],
): Promise<string | undefined> {
  // A refusal ends the connection; it is waited for as long as a busy machine may need.
  const enough = message.reached === 0 ? Number.POSITIVE_INFINITY : message.reached;
  const { statuses, closed } = await send(port, message.send, enough, 5_000);
  const [first] = statuses;
  if (first !== message.status) return `expected ${message.status}, got ${statuses.join()}`;
  if (message.status !== 200 && !closed) return "the connection stayed open after a refusal";
  if (seen.length !== message.reached) {
    return `expected ${message.reached} to reach the instance, got ${JSON.stringify(seen)}`;
  }
  const stray = seen.find((line) => /^\S+ \/smuggled/.test(line));
  return stray === undefined ? undefined : `an instance was shown ${stray}`;
}

test("damaged messages are read the same whole and in pieces, without a crash or a hang", () => {
  fuzz(4_000, 7);
});
