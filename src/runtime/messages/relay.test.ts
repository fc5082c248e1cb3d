// Relays and workers: order, bounds, errors, the end, and that nothing is acknowledged too early.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog, type Entry, type Log } from "../../kernel/log.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { fatalDependency } from "../parts/dependency.ts";
import type { Stopping } from "../parts/stopping.ts";
import { badMessage, delivery, type Source } from "./delivery.ts";
import { type Envelope, open } from "./envelope.ts";
import { createInbox } from "./inbox.ts";
import { relay, worker } from "./relay.ts";
import type { Bad } from "./settings.ts";

/** Tells what became of each message; waits for more when `open`. */
function queue(items: readonly unknown[], waits = false) {
  const said: string[] = [];
  const answers: Envelope[] = [];
  const inbox = createInbox<unknown>(1_000, (left) => said.push(`left ${left.length}`));
  let taken = 0;
  for (const item of items) {
    const name = JSON.stringify(item);
    inbox.push(
      delivery({
        about: { topic: "a" },
        read: () => {
          taken += 1;
          if (item === "unreadable") throw badMessage("not JSON");
          return item;
        },
        ack: () => said.push(`ack ${name}`),
        reject: () => said.push(`reject ${name}`),
        release: () => said.push(`release ${name}`),
        reply: (answer) => answers.push(answer),
      }),
    );
  }
  if (!waits) inbox.end();
  const from: Source = { [Symbol.asyncIterator]: () => inbox };
  return { from, said, answers, taken: () => taken };
}

function collector() {
  const sent: unknown[] = [];
  return { sent, to: (message: Envelope) => void sent.push(message.data) };
}

function logTo(entries: Entry[]): Log {
  return createLog({ level: "debug", wall: () => 0, write: (entry) => entries.push(entry) });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

describe("relay", () => {
  test("passes on what it makes of each message and acknowledges after that", async () => {
    const { from, said } = queue([1, 2, 3]);
    const seen: string[] = [];
    const task = relay<number, number>({
      name: "double",
      from,
      to: ({ data }) => void seen.push(`${data} after ${said.length} acks`),
      process: (n) => (n === 2 ? undefined : n * 2),
      startup: () => void seen.push("startup"),
    });
    await task.run(never);
    assert.deepEqual(seen, ["startup", "2 after 0 acks", "6 after 2 acks"]);
    assert.deepEqual(said, ["ack 1", "ack 2", "ack 3", "left 0"]);
    assert.deepEqual(task.counts(), { done: 3, bad: 0, released: 0 });
  });

  test("takes any async iterable, and the envelopes in it", async () => {
    async function* numbers() {
      yield 1;
      yield { data: 2, traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
    }
    const { sent, to } = collector();
    await relay({ name: "any", from: numbers(), to, process: (n) => n }).run(never);
    assert.deepEqual(sent, [1, 2]);
  });

  test("sends in the order of the messages with several in flight, and no more than that", async () => {
    const clock = simClock();
    const { from, taken } = queue([30, 10, 20, 5, 1]);
    const { sent, to } = collector();
    const task = relay<number, number>({
      name: "several",
      from,
      to,
      inFlight: 3,
      process: async (ms) => {
        await clock.sleep(ms);
        return ms;
      },
    });
    const run = task.run(never);
    await clock.advance(25);
    assert.deepEqual([taken(), sent], [3, []]);
    await clock.advance(100);
    await run;
    assert.deepEqual(sent, [30, 10, 20, 5, 1]);
  });

  test("keeps back-pressure: the next message is taken when the sink has the last one", async () => {
    const { from, taken } = queue([1, 2, 3]);
    const let1 = Promise.withResolvers<void>();
    const task = relay({ name: "slow", from, to: () => let1.promise, process: (n) => n });
    const run = task.run(never);
    await turn();
    assert.equal(taken(), 1);
    let1.resolve();
    await run;
    assert.equal(taken(), 3);
  });

  test("ends at once with its signal when it waits", async () => {
    const { from, said } = queue([], true);
    const end = new AbortController();
    const run = relay({ name: "idle", from, to: () => {}, process: () => {} }).run(end.signal);
    await turn();
    end.abort();
    await run;
    assert.deepEqual(said, ["left 0"]);
  });

  test("what is under way at the end is done, then acknowledged", async () => {
    const clock = simClock();
    const { from, said } = queue([1, 2], true);
    const end = new AbortController();
    const signals: boolean[] = [];
    const task = relay({
      name: "busy",
      clock,
      from,
      to: () => {},
      process: async (_, { signal, stopping }) => {
        await clock.sleep(1_000);
        signals.push(signal.aborted, stopping.aborted);
      },
    });
    const run = task.run(end.signal);
    await clock.advance(500);
    end.abort();
    await clock.advance(600);
    await run;
    assert.deepEqual(
      [said, signals],
      [
        ["ack 1", "left 1"],
        [false, true],
      ],
    );
  });

  test("what takes longer is told to end, and is given back", async () => {
    const clock = simClock();
    const { from, said } = queue([1], true);
    const end = new AbortController();
    const task = relay({
      name: "long",
      clock,
      from,
      to: () => {},
      process: (_, { signal }) => clock.sleep(60_000, signal),
    });
    const run = task.run(end.signal);
    await clock.advance(1);
    end.abort();
    await clock.advance(2_999);
    assert.deepEqual(said, []);
    await clock.advance(2);
    await run;
    assert.deepEqual(said, ["release 1", "left 0"]);
    assert.deepEqual(task.counts(), { done: 0, bad: 0, released: 1 });
  });

  test("what does not heed its signal is given back and left behind", async () => {
    const clock = simClock();
    const entries: Entry[] = [];
    const { from, said } = queue([1], true);
    const end = new AbortController();
    const process = () => clock.sleep(60_000);
    const task = relay({ name: "deaf", clock, log: logTo(entries), from, to: () => {}, process });
    const run = task.run(end.signal);
    await clock.advance(1);
    end.abort();
    await clock.advance(4_000);
    await run;
    await clock.advance(60_000);
    assert.deepEqual(said, ["release 1", "left 0"]);
    assert.match(entries.map(({ message }) => message).join(), /1 messages are left behind/);
  });

  test("fault: a message that cannot be processed ends the loop", async () => {
    const entries: Entry[] = [];
    const bads: Bad[] = [];
    const { from, said } = queue([1, "unreadable", "odd", 4]);
    const { sent, to } = collector();
    const task = relay<number, number>({
      name: "tough",
      log: logTo(entries),
      from,
      to,
      read: (data) => {
        if (typeof data !== "number") throw new TypeError("expected a number");
        return data;
      },
      process: (n) => n,
      onBad: (bad) => void bads.push(bad),
    });
    await task.run(never);
    assert.deepEqual(sent, [1, 4]);
    assert.deepEqual(said.slice(1, 3), ['reject "unreadable"', 'reject "odd"']);
    assert.deepEqual(task.counts(), { done: 2, bad: 2, released: 0 });
    assert.deepEqual(
      bads.map(({ data, about, trace }) => [data, about, trace !== undefined]),
      [
        [undefined, { topic: "a" }, false],
        ["odd", { topic: "a" }, true],
      ],
    );
    assert.equal(entries.filter(({ level }) => level === "warn").length, 2);
  });

  test("a sink that blames the message costs only the message", async () => {
    const { from, said } = queue([1, 2]);
    const to = ({ data }: Envelope): void => {
      if (data === 1) throw badMessage("cannot be cloned");
    };
    await relay({ name: "sink", from, to, process: (n) => n }).run(never);
    assert.deepEqual(said, ["reject 1", "ack 2", "left 0"]);
  });

  test("bad messages go to the dead letters, and are then acknowledged", async () => {
    const { from, said } = queue([{ device: 7 }]);
    const letters: Envelope[] = [];
    await relay({
      name: "letters",
      from,
      to: () => {},
      process: () => {
        throw new Error("no such device, password=hunter2");
      },
      deadLetter: (letter) => void letters.push(letter),
    }).run(never);
    assert.deepEqual(said, ['ack {"device":7}', "left 0"]);
    const error = { message: "no such device, password=***" };
    const data = { task: "letters", error, data: { device: 7 }, about: { topic: "a" } };
    assert.deepEqual(letters[0]?.data, data);
  });

  test("a lost sink ends the run; what was not sent is not acknowledged", async () => {
    const { from, said } = queue([1, 2]);
    const to = () => Promise.reject(new Error("pipe broken"));
    const run = relay({ name: "lost", from, to, process: (n) => n }).run(never);
    await assert.rejects(run, /pipe broken/);
    assert.deepEqual(said, ["release 1", "left 1"]);
  });

  test("a lost dependency ends the run and the app", async () => {
    const { from, said } = queue([1, 2]);
    const causes: unknown[] = [];
    const stopping = { die: (cause: unknown) => void causes.push(cause) } as Stopping;
    const lost = fatalDependency("database is gone");
    const process = () => Promise.reject(new Error("query failed", { cause: lost }));
    const run = relay({ name: "fatal", from, to: () => {}, process, stopping }).run(never);
    await assert.rejects(run, /query failed/);
    assert.deepEqual([causes, said], [[lost], ["release 1", "left 1"]]);
  });

  test("the message that a socket takes between two runs is not lost", async () => {
    const waiting: ((result: IteratorResult<unknown>) => void)[] = [];
    const iterator = {
      next: () => new Promise<IteratorResult<unknown>>((resolve) => waiting.push(resolve)),
    };
    const { sent, to } = collector();
    const from: Source = { [Symbol.asyncIterator]: () => iterator };
    const task = relay({ name: "again", from, to, process: (n) => n });
    for (const message of ["first", "second"]) {
      const end = new AbortController();
      const run = task.run(end.signal);
      await turn();
      if (message === "second") waiting.shift()?.({ done: false, value: message });
      await turn();
      end.abort();
      await run;
    }
    assert.deepEqual(sent, ["second"]);
  });

  test("refuses options that cannot be, and a second run at once", async () => {
    const given = { name: "x", from: queue([], true).from, to: () => {}, process: () => {} };
    assert.throws(() => relay({ ...given, inFlight: 0 }), { code: "OPTION_INVALID" });
    assert.throws(() => relay({ ...given, sink: 1 } as never), { code: "OPTION_INVALID" });
    const task = relay(given);
    const end = new AbortController();
    const run = task.run(end.signal);
    await assert.rejects(task.run(never), { code: "OPTION_INVALID" });
    end.abort();
    await run;
  });
});

describe("worker", () => {
  test("answers each request, also that it cannot", async () => {
    const { from, said, answers } = queue([2, "unreadable", 0]);
    const task = worker<number, number>({
      name: "divide",
      from,
      handle: (n) => {
        if (n === 0) throw new RangeError("division by zero, token=abcdef");
        return 1 / n;
      },
    });
    await task.run(never);
    assert.deepEqual(
      answers.map((answer) => [open(answer).data, open(answer).error?.message]),
      [
        [0.5, undefined],
        [null, "not JSON"],
        [null, "division by zero, token=***"],
      ],
    );
    assert.deepEqual(said.slice(0, 3), ["ack 2", 'reject "unreadable"', "reject 0"]);
  });

  test("a source that takes no answers is a mistake that ends it", async () => {
    async function* numbers() {
      yield 1;
    }
    const run = worker({ name: "mute", from: numbers(), handle: () => 1 }).run(never);
    await assert.rejects(run, { code: "OPTION_INVALID" });
  });
});

describe("at least once", () => {
  /** A queue that gives again what was not acknowledged, as a broker does for a lost consumer. */
  async function live(consume: (from: Source, died: Promise<void>) => Promise<void>) {
    const waiting = new Set([1, 2, 3, 4, 5]);
    for (let life = 0; waiting.size > 0 && life < 20; life++) {
      const death = Promise.withResolvers<void>();
      const inbox = createInbox<unknown>(10, () => {});
      for (const n of waiting) {
        inbox.push(delivery({ read: () => n, ack: () => waiting.delete(n) }));
      }
      inbox.end();
      await consume({ [Symbol.asyncIterator]: () => inbox }, death.promise);
    }
  }
  /** Dies while it works on every third message it is given. */
  const dying = () => {
    const processed = new Set<unknown>();
    let given = 0;
    return {
      processed,
      process: (n: unknown): void => {
        given += 1;
        if (given % 3 === 0) throw fatalDependency("killed");
        processed.add(n);
      },
    };
  };

  test("fault: a message is acknowledged before it is processed, and lost with the process", async () => {
    const hasty = dying();
    await live(async (from) => {
      for await (const item of from) {
        const { read, ack } = item as ReturnType<typeof delivery>;
        await ack?.();
        try {
          hasty.process(read());
        } catch {
          return;
        }
      }
    });
    assert.deepEqual([...hasty.processed], [1, 2, 4, 5]);

    const ours = dying();
    await live(async (from) => {
      const { process } = ours;
      await relay({ name: "ours", from, to: () => {}, process })
        .run(never)
        .catch(() => {});
    });
    assert.deepEqual([...ours.processed].sort(), [1, 2, 3, 4, 5]);
  });
});
