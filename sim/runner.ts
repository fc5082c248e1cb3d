// The supervisor of a simulated daemon: one operation at a time on each instance, as the real one.
import type { InputDraft } from "../src/model/event.ts";
import type { Exit } from "../src/model/instance.ts";
import { serviceOf, type Target } from "../src/model/target.ts";
import type { PastRun } from "../src/supervisor/spec.ts";
import type { Session } from "./daemon.ts";
import type { Eyes } from "./eyes.ts";
import { type Ended, end, isAlive, type Process, spawn, term, type World } from "./world.ts";

/** Called when an operation is over; with a text when it failed. */
export type Done = (error?: string) => void;

export interface StopHow {
  readonly by: string;
  readonly waitMs?: number;
  readonly drain?: boolean;
}

export interface Runner {
  readonly current: Process | undefined;
  start(by: string, done: Done): void;
  stop(how: StopHow, done: Done): void;
  /** `ending`: it was told to end, and to run again after that. */
  adopt(process: Process, ending: boolean): void;
}

export interface RunnerParts {
  readonly world: World;
  readonly session: Session;
  readonly eyes: Eyes;
  /** Tells the loop of config files that are new: what changed before an exit is told first. */
  readonly checkFiles: (service: string) => void;
}

interface Held extends RunnerParts {
  readonly target: Target;
  readonly turns: ((next: () => void) => void)[];
  busy: boolean;
  current: Process | undefined;
  stopping: boolean;
  /** Who waits for the process to end. */
  ended: (() => void) | undefined;
}

const stopWaitMs = 10_000;

export function createRunner(parts: RunnerParts, target: Target): Runner {
  const held: Held = {
    ...parts,
    target,
    turns: [],
    busy: false,
    current: undefined,
    stopping: false,
    ended: undefined,
  };
  return {
    get current() {
      return held.current;
    },
    start: (by, done) => inTurn(held, (next) => start(held, by, settle(next, done))),
    stop: (how, done) => inTurn(held, (next) => stop(held, how, settle(next, done))),
    adopt: (process, ending) => {
      held.stopping = ending;
      watch(held, process);
      tell(held, { type: "instance.adopted", subject: target, data: born(process) });
    },
  };
}

const settle =
  (next: () => void, done: Done): Done =>
  (error) => {
    next();
    done(error);
  };

function inTurn(held: Held, turn: (next: () => void) => void): void {
  held.turns.push(turn);
  if (!held.busy) takeTurn(held);
}

function takeTurn(held: Held): void {
  const turn = held.turns.shift();
  held.busy = turn !== undefined;
  turn?.(() => takeTurn(held));
}

function tell(held: Held, draft: InputDraft): void {
  held.session.emit(draft);
}

const born = (process: Process) => ({
  identity: process.identity,
  port: process.port,
  run: `run-${process.identity.pid}`,
});

function start(held: Held, by: string, done: Done): void {
  const { world, session, target } = held;
  if (held.current) {
    done();
    return;
  }
  held.stopping = false;
  session.after(world.dice.between(5, 120), () => {
    const process = spawn(world, target);
    if (!process) {
      const text = "spawn: no such file";
      tell(held, { type: "instance.exited", subject: target, data: { ...neverRan, text } });
      done(text);
      return;
    }
    watch(held, process);
    tell(held, { type: "instance.started", subject: target, data: { ...born(process), by } });
    done();
  });
}

const neverRan: Exit = {
  code: null,
  signal: null,
  expected: false,
  uptimeMs: 0,
  text: "it never ran",
  lastLines: [],
};

function watch(held: Held, process: Process): void {
  const { world, session, eyes } = held;
  held.current = process;
  eyes.watch(process);
  process.watcher = (ended) => {
    const stopped = held.stopping;
    session.after(world.dice.between(0, 30), () => over(held, process, ended, stopped));
  };
}

function over(held: Held, process: Process, ended: Ended, stopped: boolean): void {
  const { world, eyes, target } = held;
  held.current = undefined;
  eyes.forget(target);
  held.checkFiles(serviceOf(target));
  const restart = world.town.policy.services[serviceOf(target)]?.restart;
  const wanted = ended.code !== null && restart?.expectedExits.includes(ended.code) === true;
  const data: Exit = {
    ...ended,
    expected: stopped || wanted,
    ...(stopped ? { stopped } : {}),
    uptimeMs: Math.round(world.queue.nowMs - process.bornMs),
    text: ended.signal ? `killed by ${ended.signal}` : `exit code ${ended.code}`,
    lastLines: ended.code === 1 ? ["Error: it cannot go on"] : [],
  };
  tell(held, { type: "instance.exited", subject: target, data });
  const waiting = held.ended;
  held.ended = undefined;
  waiting?.();
}

/** What a process that ended while no daemon watched is told as. */
export function lost(world: World, target: Target, run: PastRun): InputDraft {
  const data: Exit = {
    ...neverRan,
    expected: run.stopping,
    ...(run.stopping ? { stopped: true } : {}),
    uptimeMs: world.queue.nowMs - run.sinceMs,
    text: "how it ended is not known: no daemon was watching",
    lastLines: world.dice.chance(0.5) ? ["Error: it cannot go on"] : [],
  };
  return { type: "instance.exited", subject: target, data };
}

function stop(held: Held, how: StopHow, done: Done): void {
  const { world, session, eyes, target } = held;
  const process = held.current;
  if (!process) {
    done();
    return;
  }
  held.stopping = true;
  eyes.forget(target);
  tell(held, { type: "instance.stopping", subject: target, data: { by: how.by } });
  const drainMs = how.drain === false ? 0 : world.dice.between(0, 1_500);
  session.after(drainMs, () => {
    if (held.current !== process) {
      done();
      return;
    }
    held.ended = done;
    if (isAlive(world, process)) term(world, process);
    session.after(how.waitMs ?? stopWaitMs, () => {
      end(world, process, { code: null, signal: "SIGKILL" });
    });
  });
}
