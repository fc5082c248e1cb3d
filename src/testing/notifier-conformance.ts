// What every notifier must keep to: what it was given reaches the person once, or it says why not.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Notice, Notifier } from "../notifiers/notifier.ts";

/** One notifier with a person at its other end, and the same kind without one. */
export interface NotifierUnderTest {
  readonly notifier: Notifier;
  /** What has reached the person, each message as text. */
  readonly received: () => readonly string[];
  /** It cannot tell anybody: refused, not found, not allowed; absent for a kind that always can. */
  readonly unreachable?: Notifier;
  /** The other end takes the message and never answers; absent for a kind that meets no such end. */
  readonly silent?: Notifier;
  /** By which the suite loses patience after 5 s; the system's unless told. */
  readonly clock?: Clock;
  readonly cleanup?: () => void | Promise<void>;
}

export type NotifierCheck = readonly [
  says: string,
  holds: (made: NotifierUnderTest, skip: (why: string) => void) => void | Promise<void>,
];

/** Each for itself, with a notifier that has sent nothing. */
export const notifierChecks: readonly NotifierCheck[] = [
  ["has a name that fits into a sentence", isNamed],
  ["tells title and text, in one message", tells],
  ["tells what is not urgent too", tellsCalmly],
  ["tells each of many that are sent at once", tellsMany],
  ["does not change the notice", changesNothing],
  ["takes words of any kind and length, or says why not", takesAnyWords],
  ["rejects with a reason when it reaches nobody", rejects],
  ["rejects when its time is over", givesUp],
  ["ends at once when its time was over before it began", endsAtOnce],
  ["of one incident, tells the newest last", tellsNewestLast],
  ["tells that an incident has ended, and not as it tells its trouble", tellsEnd],
];

/** Registers the tests with node:test. */
export function notifierConformance(
  name: string,
  make: () => NotifierUnderTest | Promise<NotifierUnderTest>,
): void {
  describe(`${name} keeps to the notifier contract`, () => {
    let made: NotifierUnderTest;
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.cleanup?.());
    for (const [says, holds] of notifierChecks) {
      it(says, (t) => holds(made, (why) => t.skip(why)));
    }
  });
}

const patienceMs = 5_000;

const notice: Notice = {
  incident: "12",
  title: "web is down",
  text: "It crashed 5 times within 120 s and was given up",
  urgent: true,
};

/** How a sending ended: undefined when it resolved. */
async function ending(
  { clock = systemClock }: NotifierUnderTest,
  notifier: Notifier,
  what: Notice = notice,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly failure?: string }> {
  // Not in a promise of ours: what throws at once would be taken for a rejection.
  const sent = notifier.send(what, { signal });
  assert.equal(typeof sent?.then, "function", "`send` gives no promise");
  const over = new AbortController();
  const late = clock.sleep(patienceMs, over.signal).then(() => assert.fail("it does not end"));
  const end = sent.then(
    () => ({}),
    (error: unknown) => ({ failure: messageOf(error) }),
  );
  try {
    return await Promise.race([end, late]);
  } finally {
    over.abort();
    await late.catch(() => {});
  }
}

function isNamed({ notifier, unreachable, silent }: NotifierUnderTest): void {
  assert.match(notifier.name, /^\S(.*\S)?$/);
  for (const same of [unreachable, silent])
    assert.equal(same?.name ?? notifier.name, notifier.name);
}

function carries(message: string | undefined, { title, text }: Notice): void {
  assert.ok(message?.includes(title), `the title is missing: ${message}`);
  assert.ok(message?.includes(text), `the text is missing: ${message}`);
}

async function tells(made: NotifierUnderTest): Promise<void> {
  assert.deepEqual(await ending(made, made.notifier), {});
  const [message, ...others] = made.received();
  carries(message, notice);
  assert.deepEqual(others, [], "one notice is one message");
}

async function tellsCalmly(made: NotifierUnderTest): Promise<void> {
  const calm = { ...notice, title: "web is well again", urgent: false };
  assert.deepEqual(await ending(made, made.notifier, calm), {});
  carries(made.received()[0], calm);
}

async function tellsMany(made: NotifierUnderTest): Promise<void> {
  const notices = Array.from({ length: 5 }, (_, i) => {
    return { ...notice, incident: `${i}`, title: `trouble ${i}` };
  });
  const ends = await Promise.all(notices.map((each) => ending(made, made.notifier, each)));
  assert.deepEqual(ends, [{}, {}, {}, {}, {}]);
  const messages = made.received();
  assert.equal(messages.length, 5);
  for (const each of notices) {
    assert.equal(messages.filter((message) => message.includes(each.title)).length, 1, each.title);
  }
}

async function changesNothing(made: NotifierUnderTest): Promise<void> {
  const given = structuredClone(notice);
  await ending(made, made.notifier, given);
  assert.deepEqual(given, notice);
}

async function takesAnyWords(made: NotifierUnderTest): Promise<void> {
  const quote = `"it's" {"a":1} <b>&amp;</b> %s $(id) \\ `;
  const texts = [
    "",
    " ",
    quote,
    "łódź 🛑",
    "two\r\nlines",
    "\u0000\u001b[31m",
    "x".repeat(100_000),
  ];
  for (const text of texts) {
    for (const odd of [
      { ...notice, text },
      { ...notice, title: text },
    ]) {
      const before = made.received().length;
      const { failure } = await ending(made, made.notifier, odd);
      const arrived = made.received().length - before;
      const said = `${JSON.stringify(text.slice(0, 20))}: ${failure ?? "told"}, ${arrived} arrived`;
      assert.ok(failure === undefined ? arrived === 1 : failure.trim() !== "", said);
    }
  }
}

async function rejects(made: NotifierUnderTest, skip: (why: string) => void): Promise<void> {
  if (!made.unreachable) return skip("it always reaches somebody");
  const { failure } = await ending(made, made.unreachable);
  assert.ok(failure !== undefined, "nobody was told, and it says that somebody was");
  assert.match(failure, /\S/, "it does not say why");
}

async function givesUp(made: NotifierUnderTest, skip: (why: string) => void): Promise<void> {
  if (!made.silent) return skip("no other end keeps it waiting");
  const time = new AbortController();
  const end = ending(made, made.silent, notice, time.signal);
  time.abort(new DOMException("no answer within 2000 ms", "TimeoutError"));
  const { failure } = await end;
  assert.ok(failure !== undefined, "nobody has confirmed it, and it says that somebody was told");
}

async function endsAtOnce(made: NotifierUnderTest): Promise<void> {
  for (const notifier of [made.notifier, made.silent ?? made.notifier]) {
    await ending(made, notifier, notice, AbortSignal.abort());
  }
}

/** One that has not left may make way for what is newer; nothing older may come after it. */
async function tellsNewestLast(made: NotifierUnderTest): Promise<void> {
  const notices = Array.from({ length: 5 }, (_, i) => ({ ...notice, title: `trouble ${i}` }));
  const ends = await Promise.all(notices.map((each) => ending(made, made.notifier, each)));
  assert.deepEqual(ends, [{}, {}, {}, {}, {}]);
  const messages = made.received();
  const order = messages.map((message) => notices.findIndex((it) => message.includes(it.title)));
  assert.deepEqual(
    order,
    [...new Set(order)].toSorted((a, b) => a - b),
    "in their order, once",
  );
  assert.equal(order.at(-1), 4, "the newest comes last");
}

async function tellsEnd(made: NotifierUnderTest): Promise<void> {
  assert.deepEqual(await ending(made, made.notifier), {});
  const end: Notice = { ...notice, over: true };
  assert.deepEqual(await ending(made, made.notifier, end), {});
  const [trouble, over, ...others] = made.received();
  assert.ok(over !== undefined, "the end is not told");
  assert.notEqual(over, trouble, "the end is told as if the trouble went on");
  assert.deepEqual(others, [], "one notice is one message");
}
