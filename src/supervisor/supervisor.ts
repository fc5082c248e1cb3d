// The hands of the daemon: runs every instance the config asks for and does what it is told.
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { serviceOf, type Target } from "../model/target.ts";
import { adoptAll, sweep } from "./adopt.ts";
import { boot } from "./boot.ts";
import { exitData } from "./exit.ts";
import { makeRunner, type Ward } from "./instances.ts";
import { startOrder } from "./order.ts";
import { awaitReady, rolling } from "./rolling.ts";
import type { Runner } from "./runner.ts";
import {
  type Running,
  type ServiceSpec,
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
  const ward: Ward = { options, runners: new Map(), ready: new Set() };
  const { runners, ready } = ward;
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

  const self: Supervisor = {
    running: () => [...runners.values()].flatMap(toRunning),
    start: async (target, by) => {
      stillOpen();
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
      const { signal, waitMs } = specFor(serviceOf(target)).stop;
      const drain = how.drain === false ? {} : { drain: () => options.drain(target) };
      const stop = { signal, waitMs: how.waitMs ?? waitMs, ...drain };
      return runnerFor(target).stop(how.by, stop, step);
    },
    ready: (target, signal) => {
      const { startupMs } = specFor(serviceOf(target));
      return awaitReady(ward, target, startupMs, stillOpen, signal);
    },
    rolling: (service, by, step) => rolling(self, clock, targetsOf(specFor(service)), by, step),
    adopt: (past) => {
      adoptAll(options, runners, past);
      for (const [target, { stopping }] of past.runs) {
        if (!stopping || !runners.has(target)) continue;
        self.stop(target, { by: "boot" }).catch((error: unknown) => {
          log.error("could not stop", { target, reason: messageOf(error) });
        });
      }
    },
    boot: (past, signal) => boot({ options, runners, ready, start: self.start }, past, signal),
    sweep: () => sweep(options, runners),
    stopAll: async (by) => {
      closing = true;
      for (const name of startOrder(services).toReversed()) {
        await Promise.all(targetsOf(specFor(name)).map((target) => self.stop(target, { by })));
      }
      const untilMs = clock.now() + lastSweepsMs;
      while (self.sweep() > 0 && clock.now() < untilMs) await clock.sleep(readyPollMs);
    },
  };
  return self;
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
