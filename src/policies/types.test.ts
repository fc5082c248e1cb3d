// What the compiler must know of pipelines; the lines marked as errors are checked by tsc.
import assert from "node:assert/strict";
import { test } from "node:test";
import { breaker, compose, fallback, pipeline, retry, timeout } from "./index.ts";

interface User {
  readonly id: number;
}

const find = async (id: number): Promise<User> => ({ id });

test("results are inferred, a fallback widens, an outcome narrows", async () => {
  const plain = pipeline({ name: "t", retry: 1 });
  const user: User = await plain.run(() => find(1));
  assert.equal(user.id, 1);

  const widened = pipeline({ name: "t", fallback: () => null });
  const maybe: User | null = await widened.run(() => find(2));
  assert.equal(maybe?.id, 2);
  // @ts-expect-error the fallback may give null
  const sure: User = await widened.run(() => find(3));
  assert.ok(sure);

  const composed = compose(
    fallback(async () => "none" as const),
    retry(1),
    timeout(100),
  );
  const either: User | "none" = await composed.run(() => find(4));
  assert.ok(either);

  const outcome = await plain.tryRun(() => find(5));
  // @ts-expect-error there is a value only when it is ok
  assert.ok(outcome.value);
  if (outcome.ok) assert.equal(outcome.value.id, 5);
  else assert.fail(String(outcome.rejected));
});

test("predicates see the results that the pipeline is bound to", async () => {
  const http = pipeline<Response>({
    name: "t",
    retry: { retries: 1, backoff: 0, whenResult: (answer) => answer.status === 503 },
    breaker: { whenResult: (answer) => answer.status >= 500 },
  });
  const answer: Response = await http.run(async () => new Response("", { status: 503 }));
  assert.equal(answer.status, 503);
  assert.deepEqual(http.breaker.recent, { total: 2, failed: 2, slow: 0 });
  // @ts-expect-error a number is no Response
  await http.run(() => 1).catch(() => {});
});

test("a handle is there when its option is, strategies can be shared", async () => {
  const shared = breaker({ name: "shared" });
  const a = pipeline({ name: "a", breaker: shared });
  const b = pipeline({ name: "b", breaker: shared });
  const hold: Disposable = a.breaker.isolate();
  assert.equal((await b.tryRun(() => 1)).ok, false);
  hold[Symbol.dispose]();
  // @ts-expect-error there is no breaker
  assert.equal(pipeline({ name: "c" }).breaker, undefined);
});

test("an option that does not exist is told when the pipeline is made", () => {
  // @ts-expect-error no such option
  assert.throws(() => pipeline({ name: "t", timeOut: 5 }), /no option "timeOut"/);
});

test("wrap keeps the types of arguments and this", async () => {
  const wrapped = compose(retry(0)).wrap(find);
  const user: User = await wrapped(7);
  assert.equal(user.id, 7);
  // @ts-expect-error the argument is a number
  await wrapped("7");
});
