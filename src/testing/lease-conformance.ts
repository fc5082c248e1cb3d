// What every lease must keep to; a lease of your own passes it before it is trusted.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Acquired, Lease } from "../runtime/leader/lease.ts";

export interface LeaseUnderTest {
  /** Nobody has it. */
  readonly lease: Lease;
  /** The same one as another process would get it; default: the lease itself. */
  readonly other?: Lease | undefined;
  /** A time to live that is long beside a call. */
  readonly ttlMs: number;
  /** Lets so much time of the store pass, or a little more. */
  readonly pass: (ms: number) => Promise<void> | void;
  readonly cleanup: () => Promise<void> | void;
}

const never = new AbortController().signal;

/** Registers the tests with node:test. */
export function leaseConformance(name: string, make: () => Promise<LeaseUnderTest>): void {
  describe(`${name} keeps to the lease contract`, { concurrency: 1 }, () => {
    let made: LeaseUnderTest;
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.cleanup());

    it("is given to one, and tells the others whom and for how long", () => oneHolds(made));
    it("gives who has it already a new token, with which the old one ends", () => asksAgain(made));
    it("is prolonged by its holder and token only", () => prolongs(made));
    it("runs out, and is then neither prolonged nor freed by who had it", () => runsOut(made));
    it("is free at once when it is given back", () => isGivenBack(made));
    it("is given to one of many who ask at the same moment", () => isRacedFor(made));
    it("gives tokens that only grow", () => tokensGrow(made));
    it("does nothing for a signal that has aborted", () => isCancelled(made));
    it("takes any name for a holder", () => takesAnyHolder(made));
  });
}

/** The token; fails when it was not given. */
async function given(lease: Lease, holder: string, ttlMs: number): Promise<number> {
  return tokenOf(await lease.acquire(holder, ttlMs, never));
}

function tokenOf(answer: Acquired | undefined): number {
  assert.ok(answer && "token" in answer, `the lease was given, not ${JSON.stringify(answer)}`);
  assert.ok(Number.isSafeInteger(answer.token) && answer.token > 0, `${answer.token} is a token`);
  return answer.token;
}

async function refused(lease: Lease, holder: string, ttlMs: number, by: string): Promise<void> {
  const answer = await lease.acquire(holder, ttlMs, never);
  assert.ok(!("token" in answer), `${holder} does not get the lease`);
  assert.equal(answer.heldBy, by);
  const { untilMs = 0 } = answer;
  assert.ok(untilMs > 0 && untilMs <= ttlMs, `${untilMs} ms of ${ttlMs} ms are left`);
}

async function oneHolds({ lease, other = lease, ttlMs }: LeaseUnderTest): Promise<void> {
  assert.equal(typeof lease.name, "string");
  await given(lease, "one", ttlMs);
  await refused(other, "two", ttlMs, "one");
  await refused(lease, "three", ttlMs, "one");
}

async function asksAgain({ lease, other = lease, ttlMs }: LeaseUnderTest): Promise<void> {
  const first = await given(lease, "one", ttlMs);
  const second = await given(lease, "one", ttlMs);
  assert.ok(second > first, `${second} is greater than ${first}`);
  assert.equal(await lease.renew("one", first, ttlMs, never), false);
  await lease.release("one", first);
  await refused(other, "two", ttlMs, "one");
  assert.equal(await lease.renew("one", second, ttlMs, never), true);
}

async function prolongs({ lease, other = lease, ttlMs, pass }: LeaseUnderTest): Promise<void> {
  assert.equal(await lease.renew("one", 1, ttlMs, never), false, "nobody has it");
  const token = await given(lease, "one", ttlMs);
  for (let i = 0; i < 5; i++) {
    await pass(ttlMs / 4);
    assert.equal(await lease.renew("one", token, ttlMs, never), true);
  }
  assert.equal(await other.renew("two", token, ttlMs, never), false);
  assert.equal(await lease.renew("one", token + 1, ttlMs, never), false);
  await refused(other, "two", ttlMs, "one");
}

async function runsOut({ lease, other = lease, ttlMs, pass }: LeaseUnderTest): Promise<void> {
  const first = await given(lease, "one", ttlMs);
  await pass(ttlMs);
  assert.equal(await lease.renew("one", first, ttlMs, never), false, "also when nobody took it");
  const second = await given(other, "two", ttlMs);
  assert.ok(second > first);
  assert.equal(await lease.renew("one", first, ttlMs, never), false);
  await lease.release("one", first);
  await refused(lease, "one", ttlMs, "two");
  assert.equal(await other.renew("two", second, ttlMs, never), true);
}

async function isGivenBack({ lease, other = lease, ttlMs }: LeaseUnderTest): Promise<void> {
  const first = await given(lease, "one", ttlMs);
  await other.release("two", first);
  await lease.release("one", first + 1);
  await refused(other, "two", ttlMs, "one");
  await lease.release("one", first);
  await lease.release("one", first);
  assert.equal(await lease.renew("one", first, ttlMs, never), false);
  assert.ok((await given(other, "two", ttlMs)) > first);
}

async function isRacedFor({ lease, other = lease, ttlMs }: LeaseUnderTest): Promise<void> {
  const from = (i: number): Lease => (i % 2 === 0 ? lease : other);
  for (let round = 0; round < 3; round++) {
    const holders = Array.from({ length: 12 }, (_, i) => `${round} ${i}`);
    const answers = await Promise.all(
      holders.map((holder, i) => from(i).acquire(holder, ttlMs, never)),
    );
    const won = answers.findIndex((answer) => "token" in answer);
    const token = tokenOf(answers[won]);
    assert.equal(answers.filter((answer) => "token" in answer).length, 1);
    await from(won).release(holders[won] ?? "", token);
  }
}

async function tokensGrow({ lease, other = lease, ttlMs }: LeaseUnderTest): Promise<void> {
  let last = 0;
  for (let i = 0; i < 6; i++) {
    const [from, holder] = i % 2 === 0 ? [lease, "one"] : [other, "two"];
    const token = await given(from, holder, ttlMs);
    assert.ok(token > last, `${token} is greater than ${last}`);
    last = token;
    await from.release(holder, token);
  }
}

async function isCancelled({ lease, ttlMs }: LeaseUnderTest): Promise<void> {
  const aborted = AbortSignal.abort(new Error("enough"));
  await assert.rejects(lease.acquire("one", ttlMs, aborted));
  const token = await given(lease, "two", ttlMs);
  await assert.rejects(lease.renew("two", token, ttlMs, aborted));
  assert.equal(await lease.renew("two", token, ttlMs, never), true);
}

async function takesAnyHolder({ lease, other = lease, ttlMs }: LeaseUnderTest): Promise<void> {
  const holder = '7 żółw\'s "pod"; -- \n $1';
  const token = await given(lease, holder, ttlMs);
  await refused(other, "7", ttlMs, holder);
  assert.equal(await lease.renew(holder, token, ttlMs, never), true);
  await lease.release(holder, token);
  await given(other, "7", ttlMs);
}
