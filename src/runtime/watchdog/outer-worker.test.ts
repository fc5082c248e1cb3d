// The watch over the main thread, look by look, with a main thread that is only a counter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { startOuter } from "./outer.ts";
import { type Blocked, lineOf, type OuterTools, programOf, watchMain } from "./outer-worker.ts";

const settings = {
  app: "shop",
  json: false,
  lookMs: 100,
  blockedMs: 500,
  exitMs: 1_000,
  graceMs: 200,
  exitCode: 70,
};

interface World {
  readonly said: string[];
  readonly asked: string[];
  readonly told: Blocked[];
  killed: number;
  released: number;
  beat(): void;
  /** So many looks pass. */
  looks(count: number): Promise<void>;
  end(): Promise<void>;
}

/** `answer` is what the main thread says; a promise that never settles is one in native code. */
function world(answer: (text: string) => Promise<unknown>): World {
  const shared = new SharedArrayBuffer(16);
  const beats = new Int32Array(shared, 0, 2);
  let wake: () => void = () => {};
  const self: World = {
    said: [],
    asked: [],
    told: [],
    killed: 0,
    released: 0,
    beat: () => void Atomics.add(beats, 0, 1),
    looks: async (count) => {
      for (let n = 0; n < count; n++) {
        wake();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    end: async () => {
      Atomics.store(beats, 1, 1);
      wake();
      await done;
    },
  };
  const tools: OuterTools = {
    settings,
    beats,
    wall: new Float64Array(shared, 8, 1),
    sleep: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
    ask: (text) => {
      self.asked.push(text);
      return answer(text);
    },
    release: () => void self.released++,
    say: (level, message, _at, stack = []) =>
      void self.said.push([`${level}: ${message}`, ...stack].join(" < ")),
    tell: (blocked) => void self.told.push(blocked),
    kill: () => void self.killed++,
  };
  const done = watchMain(tools, "STACK", "END");
  return self;
}

const never = new Promise<never>(() => {});
const stack = ["listOnTimeout (node:internal/timers:1:1)", "burn (file:///app/burn.ts:3:5)"];

test("a main thread that beats is left in peace", async () => {
  const it = world(() => never);
  for (let n = 0; n < 50; n++) {
    it.beat();
    await it.looks(4);
  }
  await it.end();
  assert.deepEqual([it.said, it.asked, it.told], [[], [], []]);
});

test("a blocked one is asked once, its stack is said while it is blocked, and told when it is over", async () => {
  const it = world(async () => stack);
  it.beat();
  await it.looks(1 + 4);
  assert.deepEqual(it.asked, []);
  await it.looks(3);
  assert.deepEqual(it.asked, ["STACK"]);
  assert.deepEqual(it.said, [
    `error: main thread blocked for 500 ms in ${stack[1]} < ${stack.join(" < ")}`,
  ]);
  it.beat();
  await it.looks(1);
  assert.deepEqual(it.told, [{ blockedMs: 700, frames: stack }]);
  assert.equal(it.released, 1);
  await it.end();
});

test("past the limit it is made to exit, and killed when it does not", async () => {
  const it = world((text) => (text === "STACK" ? Promise.resolve(stack) : never));
  await it.looks(10);
  assert.deepEqual(it.asked, ["STACK", "END"]);
  assert.match(it.said.at(-1) ?? "", /1000 ms: the process ends with code 70/);
  assert.equal(it.killed, 0);
  await it.looks(2);
  assert.equal(it.killed, 1);
  await it.end();
});

test("native code gives no stack: that is said, and the limit holds all the same", async () => {
  const it = world(() => never);
  await it.looks(7);
  assert.deepEqual(it.said, ["error: main thread blocked for 700 ms, in native code"]);
  await it.looks(5);
  assert.equal(it.killed, 1);
  await it.end();
});

test("whoever stands at a breakpoint is not ended", async () => {
  const it = world(async (text) => (text === "STACK" ? stack : "debugged"));
  await it.looks(100);
  assert.equal(it.killed, 0);
  assert.equal(it.asked.filter((text) => text === "END").length, 1);
  assert.match(it.said.at(-1) ?? "", /not ended: its debugger port is open/);
  await it.end();
});

test("a watchdog whose own turns fail is told from a blocked thread, and ends the process too", async () => {
  const it = world(async () => []);
  await it.looks(12);
  assert.equal(it.said[0], "error: the main thread turns without a beat for 500 ms");
  assert.equal(it.killed, 1);
  await it.end();
});

test("an answer that comes after the next beat is not taken for one of a new block", async () => {
  let answer: (frames: readonly string[]) => void = () => {};
  const it = world(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  );
  await it.looks(5);
  it.beat();
  await it.looks(1);
  answer(stack);
  await it.looks(1);
  assert.deepEqual(it.said, []);
  await it.end();
});

test("an inspector that cannot be had is said, and the limit holds all the same", async () => {
  const it = world(() => Promise.reject("no inspector"));
  await it.looks(12);
  assert.match(it.said[0] ?? "", /blocked for 500 ms, no stack: no inspector/);
  assert.equal(it.killed, 1);
  await it.end();
});

test("a line is text for people or JSON for a collector", () => {
  const [level, message, at] = ["error", "blocked", 1_000] as const;
  assert.equal(
    lineOf(settings, level, message, at, ["a", "b"]),
    "shop watchdog [ERROR] blocked\n    at a\n    at b\n",
  );
  assert.deepEqual(JSON.parse(lineOf({ ...settings, json: true }, level, message, at, ["a"])), {
    time: "1970-01-01T00:00:01.000Z",
    level,
    app: "shop",
    thread: "watchdog",
    logger: "watchdog",
    message,
    stack: ["a"],
  });
});

test("the program of the thread is plain JavaScript that names nothing outside itself", () => {
  const program = programOf(70);
  assert.doesNotThrow(() => new Function("process", program));
  assert.doesNotMatch(program, /\bimport\b|\brequire\b/);
});

test("limits in the wrong order are refused", () => {
  const wrong = (options: Parameters<typeof startOuter>[0]): void =>
    assert.throws(
      () => startOuter(options),
      (error) => error instanceof HomeostatError && error.code === "OPTION_INVALID",
    );
  wrong({ blockedMs: 5_000, exitMs: 5_000 });
  wrong({ blockedMs: 0 });
  wrong({ exitCode: 0 });
  wrong({ exitCode: 256 });
});
