// The hands of the daemon: runs every instance the config asks for and does what it is told.
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { instanceName, serviceOf, type Target } from "../model/target.ts";
import { adoptAll, sweep } from "./adopt.ts";
import { createBoard } from "./board.ts";
import { exitData } from "./exit.ts";
import { makeRunner, type Ward } from "./instances.ts";
import { createLaunches, type Launches } from "./launches.ts";
import { createLeftovers } from "./leftovers.ts";
import { dependentsFirst } from "./order.ts";
import { awaitReady, rolling } from "./rolling.ts";
import type { Runner, StopOptions } from "./runner.ts";
import { scaleTo } from "./scale.ts";
import {
  type Running,
  type ServiceSpec,
  type StopHow,
  type Supervisor,
  type SupervisorOptions,
  targetsOf,
} from "./spec.ts";

const unwanted = { expected: false, stopped: false };
const neverRan = { code: null, signal: null, known: true };
const readyPollMs = 20;
/** How long the last processes may take to end when everything is stopped. */
const lastSweepsMs = 10_000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { clock, log, services, emit } = options;
  const ward = makeWard(options);
  const { runners, board } = ward;
  const specs = new Map(services.map((spec) => [spec.name, spec]));
  let closing = false;
  for (const spec of services) {
    for (const target of targetsOf(spec)) runners.set(target, makeRunner(ward, spec, target));
  }
  const runnerFor = (target: Target): Runner => found(runners, target, "instance");
  const specFor = (service: string): ServiceSpec => found(specs, service, "service");

  const stillOpen = (): void => {
    if (closing) throw new HomeostatError("CANCELLED", "everything is being stopped");
  };

  const start: Supervisor["start"] = (target, by) => self.start(target, by);
  const launches = createLaunches({ options, runners, board, start });
  const self: Supervisor = {
    running: () => [...runners.values()].flatMap(toRunning),
    start: async (target, by) => {
      stillOpen();
      launches.mayStart(serviceOf(target));
      try {
        await runnerFor(target).start(by);
      } catch (error) {
        // Told as an exit too: back-off and give-up count processes that never came to life.
        const data = { ...exitData(neverRan, unwanted, 0, []), text: messageOf(error) };
        emit({ type: "instance.exited", subject: target, data });
        throw error;
      }
    },
    stop: (target, how, step) => {
      const stop = stopping(options, specFor(serviceOf(target)), target, how, () => closing);
      return runnerFor(target).stop(how.by, stop, step);
    },
    ready: (target, signal) => {
      const { startupMs } = specFor(serviceOf(target));
      return awaitReady(ward, target, startupMs, stillOpen, signal);
    },
    rolling: (service, by, step) => rolling(self, clock, targetsOf(specFor(service)), by, step),
    adopt: (past) => {
      board.remember(past);
      launches.remember(past);
      options.platform.keepSockets?.(launches.sockets());
      adoptAll({ ...options, emit: noting(ward, specs) }, runners, past);
      for (const target of runners.keys()) {
        if (!past.runs.get(target)?.stopping && !past.held?.has(serviceOf(target))) continue;
        self.stop(target, { by: "boot" }).catch((error: unknown) => {
          log.error("could not stop", { target, reason: messageOf(error) });
        });
      }
    },
    ...onServices(ward, () => self, launches, specFor),
    sweep: () => sweep(options, runners),
    stopAll: async (by) => {
      closing = true;
      launches.close();
      await dependentsFirst(services, async (name) => {
        await Promise.all(targetsOf(specFor(name)).map((target) => self.stop(target, { by })));
      });
      const untilMs = clock.now() + lastSweepsMs;
      while (self.sweep() > 0 && clock.now() < untilMs) await clock.sleep(readyPollMs);
    },
  };
  return self;
}

function makeWard(options: SupervisorOptions): Ward {
  const runners: Ward["runners"] = new Map();
  const ready: Ward["ready"] = new Set();
  const board = createBoard(options, runners, ready);
  const leftovers = createLeftovers(options, () => void sweep(options, runners));
  return { options, runners, ready, board, leftovers, overdue: new Set() };
}

function stopping(
  { drain, notify }: SupervisorOptions,
  { stop: { signal, waitMs } }: ServiceSpec,
  target: Target,
  how: StopHow,
  isClosing: () => boolean,
): StopOptions {
  return {
    signal,
    waitMs: how.waitMs ?? waitMs,
    // When everything ends, others count on how long that takes.
    extendedUntilMs: () => (isClosing() ? undefined : notify?.extendedUntilMs(target)),
    ...(how.drain === false ? {} : { drain: () => drain(target) }),
  };
}

/** What is ordered of a whole service. */
function onServices(
  ward: Ward,
  hands: () => Supervisor,
  launches: Launches,
  specFor: (service: string) => ServiceSpec,
): Pick<Supervisor, "boot" | "hold" | "release" | "run" | "nextRuns" | "scale" | "scales"> {
  const { options } = ward;
  return {
    scales: (service) => specFor(service).port === undefined,
    scale: (service, replicas, by, step) =>
      scaleTo(ward, hands(), specFor(service), replicas, by, step),
    boot: launches.boot,
    hold: async (service, by, step) => {
      const spec = specFor(service);
      launches.hold(spec, by);
      await Promise.all(targetsOf(spec).map((target) => hands().stop(target, { by }, step)));
      // Nobody will answer on them: clients are better refused than kept waiting.
      options.platform.keepSockets?.(launches.sockets());
    },
    release: (service, by) => launches.release(specFor(service), by),
    run: async (service, by, replaces) => {
      const target = instanceName(service, 1);
      try {
        if (replaces) await hands().stop(target, { by });
        await hands().start(target, by);
      } catch (error) {
        options.log.error(`${service} could not run`, { by, reason: messageOf(error) });
      }
    },
    nextRuns: launches.nextRuns,
  };
}

/** A job that has ended while no daemon was there has done its work all the same. */
function noting(
  { options, board }: Ward,
  specs: ReadonlyMap<string, ServiceSpec>,
): SupervisorOptions["emit"] {
  return (draft) => {
    if (draft.type === "instance.exited") {
      const { text, expected, stopped = false } = draft.data;
      const isJob = specs.get(serviceOf(draft.subject))?.job !== undefined;
      board.noteEnd(draft.subject, text, isJob && expected && !stopped);
    }
    options.emit(draft);
  };
}

function toRunning({ target, current }: Runner): readonly Running[] {
  if (!current) return [];
  const { identity, port } = current;
  return [{ target, identity, ...(port === undefined ? {} : { port }) }];
}

function found<T>(map: ReadonlyMap<string, T>, name: string, what: string): T {
  const value = map.get(name);
  if (value === undefined) throw new HomeostatError("UNKNOWN_ID", `there is no ${what} ${name}`);
  return value;
}
