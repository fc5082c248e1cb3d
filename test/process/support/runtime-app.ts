// A small app with a lifecycle, scopes and a reporter, for the tests of how a process ends.
import { writeSync } from "node:fs";
import { createServer } from "node:net";
import { systemClock } from "../../../src/kernel/clock.ts";
import { HomeostatError } from "../../../src/kernel/errors.ts";
import { createLog, formatText, type Level } from "../../../src/kernel/log.ts";
import { createCapture } from "../../../src/runtime/capture/capture.ts";
import { createLifecycle, type Lifecycle } from "../../../src/runtime/lifecycle/lifecycle.ts";
import type { Capture } from "../../../src/runtime/parts/capture.ts";
import { fatalDependency } from "../../../src/runtime/parts/dependency.ts";
import { createScope, type Scope } from "../../../src/runtime/scope/scope.ts";
import { leak, openServer } from "./runtime-leaks.ts";

const [ending = "", ...rest] = process.argv.slice(2);
const number = (name: string, otherwise: number): number =>
  Number(rest.find((word) => word.startsWith(`${name}=`))?.split("=")[1] ?? otherwise);

const say = (text: string): void => void writeSync(1, text);
const levels = {
  level: "info" as Level,
  setLevel: (level: Level) => {
    levels.level = level;
  },
};
const order: readonly Level[] = ["debug", "info", "warn", "error"];
const log = createLog({
  level: "debug",
  wall: systemClock.wall,
  write: (entry) => {
    if (order.indexOf(entry.level) >= order.indexOf(levels.level)) say(formatText(entry));
  },
});

const capture: Capture = (...facts) => captures.capture(...facts);
const life: Lifecycle = createLifecycle({
  log,
  levels,
  capture,
  debugAfterMs: number("debugAfterMs", 5_000),
  forceAfterMs: number("forceAfterMs", 6_000),
  hardAfterMs: number("hardAfterMs", 7_000),
});
const captures = createCapture({
  log,
  stopping: life,
  reporters: [
    {
      name: "tickets",
      capture: ({ error, source, fatal }) => say(`captured ${source} fatal=${fatal}: ${error}\n`),
      flush: async () => say("reporters flushed\n"),
    },
  ],
});
const scope: Scope = createScope({ log, stopping: life, capture });
life.install({ track: rest.includes("timers") ? "timers" : true });
life.onStop("close the shop", "drain", () => say("drained\n"));

const throwing = (error: unknown) => (): never => {
  throw error;
};

/** What happens to the app once it is up. */
const endings: Readonly<Record<string, () => unknown>> = {
  normal: () => systemClock.sleep(20),
  waits: () => life.sleep(60_000).catch(() => {}),
  bye: () => life.bye(),
  "main waits for ever": () => new Promise(() => {}),
  "held and waits for ever": () => {
    const held = setInterval(() => {}, 1_000);
    life.onStop("let go", "resources", () => clearInterval(held));
    return new Promise(() => {});
  },
  "floating sleeps": () => {
    for (let n = 0; n < 5; n++) void life.sleep(60_000);
  },
  uncaught: () => setTimeout(throwing(new TypeError("x is not a function")), 10),
  rejection: () => void Promise.reject(new Error("nobody awaited this")),
  "thrown by main": throwing(new Error("main cannot go on")),
  config: () =>
    setTimeout(throwing(new HomeostatError("CONFIG_INVALID", "port: expected a number")), 10),
  dependency: () => void scope("consumer", throwing(fatalDependency("the queue does not answer"))),
  nested: () => void scope("outer", () => scope("inner", throwing(new Error("deep inside")))),
  "dies twice": () => {
    life.die(fatalDependency("the first cause"));
    life.die(new HomeostatError("CONFIG_INVALID", "the second cause"));
  },
  "crash then exit 0": () => {
    life.die(new Error("crashed"));
    process.exit(0);
  },
  "throws for ever": () => setInterval(throwing(new Error("again")), 1),
  "deaf step": () => {
    life.onStop("the deaf one", "workers", () => new Promise(() => {}), 60_000);
    return life.sleep(60_000).catch(() => {});
  },
  stuck: () => leak(life),
  "dies and leaks": () => {
    openServer(createServer());
    life.die(fatalDependency("the queue is gone"));
  },
};

say("begun\n");
const ended = Promise.resolve().then(endings[ending] ?? throwing(new Error(`no ending ${ending}`)));
setTimeout(() => say("up\n"), 5);
await ended;
