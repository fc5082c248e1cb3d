// The hands of a simulated daemon: it boots, performs what the loop commands, and restarts for people.

import { downInstances, type State } from "../src/controller/state.ts";
import type { Command } from "../src/controller/step.ts";
import type { Intent } from "../src/model/action.ts";
import type { EvidenceWanted } from "../src/model/diagnosis.ts";
import type { Evidence } from "../src/model/evidence.ts";
import { serviceOf, type Target } from "../src/model/target.ts";
import type { Store } from "../src/stores/store.ts";
import type { Past } from "../src/supervisor/spec.ts";
import { pastOf } from "../src/wiring/past.ts";
import type { Life, Session } from "./daemon.ts";
import { createEyes, type Eyes } from "./eyes.ts";
import { tellFiles } from "./files.ts";
import { createRunner, type Done, lost, type Runner } from "./runner.ts";
import { bootId, targetsOf, type World, works, write } from "./world.ts";

/** How often hands fail or do nothing, in shares. */
export interface Clumsiness {
  readonly fails: number;
  readonly late: number;
  readonly blind: number;
}

export interface Hands extends Life {
  /** A rolling restart that a person asked for. */
  rolling(service: string, done: Done): void;
  readonly eyes: Eyes;
}

interface Held {
  readonly world: World;
  readonly session: Session;
  readonly state: () => State;
  readonly clumsy: Clumsiness;
  readonly runners: Map<Target, Runner>;
  readonly eyes: Eyes;
}

type Journal = Pick<Store, "read" | "lastTick">;

/** Wall time at the beginning of the world. */
export const epochMs = 1_767_225_600_000;
const actionMs = 120_000;
const filesMs = 500;

export function createHands(
  world: World,
  session: Session,
  state: () => State,
  clumsy: Clumsiness,
  journal: Journal,
): Hands {
  const eyes = createEyes(world, (target, tookMs) =>
    session.emit({ type: "instance.ready", subject: target, data: { tookMs } }),
  );
  const held: Held = { world, session, state, clumsy, runners: new Map(), eyes };
  const checkFiles = (service?: string): void => tellFiles(world, session, held.state, service);
  for (const service of Object.keys(world.town.policy.services)) {
    for (const target of targetsOf(world, service)) {
      held.runners.set(target, createRunner({ world, session, eyes, checkFiles }, target));
    }
  }
  return {
    eyes,
    look: eyes.look,
    perform: (command) => {
      if (command.kind === "act") act(held, command.intent);
      else if (command.kind === "capture") capture(held, command);
    },
    boot: () => boot(held, journal),
    rolling: (service, done) => rolling(held, service, done),
  };
}

/** Tells the journal who is there, takes over what runs, starts the rest in order. */
function boot(held: Held, journal: Journal): void {
  const { world, session } = held;
  const { policy } = world.town;
  const past = pastOf(held.state(), journal, bootId);
  const data = { pid: 1, bootId, version: "sim", offsetMs: epochMs };
  session.emit({ type: "daemon.started", subject: policy.project, data });
  session.emit({ type: "config.applied", subject: policy.project, data: { policy } });
  adopt(held, past);
  tellFiles(world, session, held.state);
  session.after(world.dice.between(20, 300), () => {
    for (const service of Object.keys(policy.services)) startMissing(held, past, service);
  });
  const poll = (): void => {
    tellFiles(world, session, held.state);
    session.after(filesMs, poll);
  };
  session.after(filesMs, poll);
}

function adopt(held: Held, past: Past): void {
  const { world, runners, session } = held;
  for (const [target, run] of past.runs) {
    const process = world.processes.get(target);
    if (process?.identity.pid === run.identity?.pid || !runners.has(target)) continue;
    tellFiles(world, session, held.state, serviceOf(target));
    session.emit(lost(world, target, run));
  }
  for (const [target, process] of world.processes) {
    runners.get(target)?.adopt(process, past.runs.get(target)?.stopping === true);
  }
  for (const [target, { stopping }] of past.runs) {
    if (stopping) runners.get(target)?.stop({ by: "boot" }, () => {});
  }
}

/** What was never started, or was being stopped to run again, once its needs are ready. */
function startMissing(held: Held, past: Past, service: string): void {
  const { world, eyes, session, runners } = held;
  const missing = targetsOf(world, service).filter((target) => {
    const run = past.runs.get(target);
    if (run?.stopping) return true;
    if (past.resting.has(target) || runners.get(target)?.current) return false;
    return run === undefined || past.anew;
  });
  const isReady = (need: string): boolean =>
    targetsOf(world, need).some((target) => eyes.isReady(target));
  const needs = world.town.policy.services[service]?.dependsOn ?? [];
  if (missing.length === 0) return;
  if (needs.every(isReady)) {
    for (const target of missing) runners.get(target)?.start("boot", () => {});
  } else {
    session.after(200, () => startMissing(held, past, service));
  }
}

function rolling(held: Held, service: string, done: Done): void {
  const { world, session, eyes, runners } = held;
  const data = { target: service, what: "restart" as const, by: "ann", atMs: world.queue.nowMs };
  session.emit({ type: "change.seen", subject: service, data });
  const startupMs = world.town.policy.services[service]?.startupMs ?? 0;
  const one = (left: readonly Target[]): void => {
    const [target, ...rest] = left;
    const runner = target === undefined ? undefined : runners.get(target);
    if (target === undefined || !runner) {
      done();
      return;
    }
    const untilReady = (patienceMs: number): void => {
      if (eyes.isReady(target)) one(rest);
      else if (patienceMs <= 0) done(`${target} was not ready in time`);
      else session.after(100, () => untilReady(patienceMs - 100));
    };
    runner.stop({ by: "ann" }, () => {
      runner.start("ann", (error) => {
        if (error === undefined) untilReady(startupMs);
        else done(error);
      });
    });
  };
  one(targetsOf(world, service));
}

function act(held: Held, intent: Intent): void {
  const { session, world, clumsy } = held;
  const { id, target: subject, incident } = intent;
  const place = { subject, incident };
  session.emit({ type: "action.started", ...place, data: { action: id } });
  let over = false;
  const done: Done = (error) => {
    if (over) return;
    over = true;
    const receipt = { action: id, steps: [] };
    if (error === undefined)
      session.emit({ type: "action.done", ...place, data: { action: id, receipt } });
    else session.emit({ type: "action.failed", ...place, data: { action: id, error, receipt } });
  };
  session.after(actionMs, () => done(`no answer within ${actionMs} ms`));
  if (world.dice.chance(clumsy.fails)) {
    session.after(world.dice.between(0, 2_000), () => done("the hand slipped"));
    return;
  }
  const lateMs = world.dice.chance(clumsy.late) ? world.dice.between(10_000, 150_000) : 0;
  session.after(lateMs, () => handle(held, intent, done));
}

function handle(held: Held, intent: Intent, done: Done): void {
  const { world, session, runners } = held;
  const { kind, target, id, stopWaitMs } = intent;
  const runner = runners.get(target);
  if (kind === "rollback") {
    rollback(held, intent, done);
  } else if (kind === "start" || kind === "restart") {
    const how = stopWaitMs === undefined ? {} : { waitMs: stopWaitMs, drain: false };
    if (!runner) done(`there is no instance ${target}`);
    else if (kind === "start") runner.start(id, done);
    else runner.stop({ by: id, ...how }, () => runner.start(id, done));
  } else {
    session.after(world.dice.between(5, 500), () => {
      if (kind === "degrade") world.degraded.add(target);
      if (kind === "restore") world.degraded.delete(target);
      done();
    });
  }
}

function rollback(held: Held, intent: Intent, done: Done): void {
  const { world, runners, session } = held;
  const wanted = intent.restoreFile;
  if (wanted) {
    write(world, wanted.file, wanted.version);
    tellFiles(world, session, held.state, intent.target);
  }
  const missing = downInstances(held.state(), intent.target);
  let left = missing.length;
  let failed: string | undefined;
  const one: Done = (error) => {
    failed ??= error;
    left -= 1;
    if (left === 0) done(failed);
  };
  if (left === 0) session.after(0, () => done());
  for (const target of missing) runners.get(target)?.start(intent.id, one);
}

function capture(held: Held, command: Command & { readonly kind: "capture" }): void {
  const { world, session } = held;
  const { wanted, incident } = command;
  const tookMs = Math.round(world.dice.between(50, 2_800));
  session.after(tookMs, () => {
    const data = { ...seen(held, wanted), tookMs };
    session.emit({ type: "evidence.captured", subject: wanted.target, incident, data });
  });
}

/** Mostly the truth, sometimes nothing. */
function seen({ world, clumsy }: Held, wanted: EvidenceWanted): Omit<Evidence, "tookMs"> {
  const process = world.processes.get(wanted.target);
  if (!process) return { ...wanted, summary: "it has no process any more", lines: [] };
  if (world.dice.chance(clumsy.blind))
    return { ...wanted, summary: "it could not be captured", lines: [] };
  const blocked = world.ailments.has("hung", wanted.target, process.identity.pid);
  const summary = blocked ? "event loop blocked in resize (image.ts:1)" : "the event loop runs";
  return { ...wanted, summary, lines: [works(world, process) ? "idle" : "busy"], blocked };
}
