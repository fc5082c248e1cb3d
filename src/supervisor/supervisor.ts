// The hands of the daemon: runs every instance the config asks for and does what it is told.
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { randomId } from "../kernel/ids.ts";
import { instanceName, serviceOf, type Target } from "../model/target.ts";
import { boot, sweep } from "./boot.ts";
import { exitData } from "./exit.ts";
import { startOrder } from "./order.ts";
import { takePort } from "./ports.ts";
import { keepProbing } from "./prober.ts";
import { createRunner, type Run, type Runner } from "./runner.ts";
import type { ServiceSpec, Supervisor, SupervisorOptions } from "./spec.ts";

const neverRan = { code: null, signal: null, known: true };
const readyPollMs = 20;
/** Without a probe an instance counts as ready when it has run for so long. */
const settledMs = 1_000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { platform, clock, log, services, emit } = options;
  const specs = new Map(services.map((spec) => [spec.name, spec]));
  const ready = new Set<Target>();
  const runners = new Map<Target, Runner>();

  for (const spec of services) {
    for (let index = 1; index <= spec.replicas; index++) {
      const target = instanceName(spec.name, index);
      runners.set(target, runnerOf(spec, target));
    }
  }

  function runnerOf(spec: ServiceSpec, target: Target): Runner {
    return createRunner({
      target,
      platform,
      clock,
      log,
      spec: async () => {
        const port = spec.wantsPort ? await takePort(portsInUse()) : undefined;
        return {
          target,
          project: options.project,
          run: randomId(options.random),
          command: spec.command,
          cwd: spec.cwd,
          env: spec.env,
          ...(port === undefined ? {} : { port }),
          logFile: options.logFile(target),
        };
      },
      onStarted: (run, by) => {
        const { identity, port } = run;
        const data = { identity, run: run.run, ...(port === undefined ? {} : { port }) };
        if (run.adopted) emit({ type: "instance.adopted", subject: target, data });
        else emit({ type: "instance.started", subject: target, data: { ...data, by } });
        watchHealth(spec, target, run);
      },
      onStopping: (by) => {
        ready.delete(target);
        emit({ type: "instance.stopping", subject: target, data: { by } });
      },
      onEnded: (run, ended, stopped) => {
        ready.delete(target);
        options.beforeExit(spec.name);
        const uptimeMs = clock.now() - run.startedAtMs;
        const lines = stopped ? [] : options.lastLines(options.logFile(target));
        const expected = stopped || (ended.known && spec.isExpectedExit(ended.code));
        const data = exitData(ended, expected, uptimeMs, lines);
        emit({ type: "instance.exited", subject: target, data });
      },
    });
  }

  function watchHealth(spec: ServiceSpec, target: Target, run: Run): void {
    const gone = new AbortController();
    void run.over.then(() => gone.abort());
    const isCurrent = (): boolean => runners.get(target)?.current?.run === run.run;
    const becomeReady = (): void => {
      if (ready.has(target) || !isCurrent()) return;
      ready.add(target);
      const tookMs = clock.now() - run.startedAtMs;
      emit({ type: "instance.ready", subject: target, data: { tookMs } });
    };
    if (!spec.probe) {
      clock.sleep(settledMs, gone.signal).then(becomeReady, () => {});
      return;
    }
    const { identity, port } = run;
    void keepProbing({
      schedule: spec.probe,
      of: { target, pid: identity.pid, ...(port === undefined ? {} : { port }) },
      clock,
      log,
      signal: gone.signal,
      isStarting: () => !ready.has(target),
      observe: (readings, healthy) => {
        if (!isCurrent()) return;
        if (healthy) becomeReady();
        // What it answers while it starts is no sign of anything.
        if (ready.has(target)) options.observe(readings);
      },
    });
  }

  function portsInUse(): ReadonlySet<number> {
    const ports = [...runners.values()].map((runner) => runner.current?.port ?? 0);
    return new Set(ports);
  }

  function runnerFor(target: Target): Runner {
    const runner = runners.get(target);
    if (!runner) throw new HomeostatError("UNKNOWN_ID", `there is no instance ${target}`);
    return runner;
  }

  function specFor(service: string): ServiceSpec {
    const spec = specs.get(service);
    if (!spec) throw new HomeostatError("UNKNOWN_ID", `there is no service ${service}`);
    return spec;
  }

  const targetsOf = (spec: ServiceSpec): readonly Target[] =>
    Array.from({ length: spec.replicas }, (_, i) => instanceName(spec.name, i + 1));

  const self: Supervisor = {
    running: () =>
      [...runners.values()].flatMap(({ target, current }) =>
        current
          ? [
              {
                target,
                identity: current.identity,
                ...(current.port === undefined ? {} : { port: current.port }),
              },
            ]
          : [],
      ),
    start: async (target, by) => {
      try {
        await runnerFor(target).start(by);
      } catch (error) {
        // Told as an exit too: back-off and give-up count processes that never came to life.
        const data = { ...exitData(neverRan, false, 0, []), text: messageOf(error) };
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
    ready: async (target, signal) => {
      const { startupMs } = specFor(serviceOf(target));
      const untilMs = clock.now() + startupMs;
      while (!ready.has(target)) {
        if (clock.now() > untilMs) {
          const text = `${target} was not ready ${startupMs} ms after its start`;
          throw new HomeostatError("TIMED_OUT", text);
        }
        await clock.sleep(readyPollMs, signal);
      }
    },
    rolling: async (service, by, step = () => {}) => {
      for (const target of targetsOf(specFor(service))) {
        const fromMs = clock.now();
        await self.stop(target, { by });
        await self.start(target, by);
        await self.ready(target);
        step(`${target} replaced and ready`, clock.now() - fromMs);
      }
    },
    boot: (known, signal) => boot({ options, runners, ready, start: self.start }, known, signal),
    sweep: () => sweep(options, runners),
    stopAll: async (by) => {
      for (const name of startOrder(services).toReversed()) {
        await Promise.all(targetsOf(specFor(name)).map((target) => self.stop(target, { by })));
      }
      while (sweep(options, runners) > 0) await clock.sleep(readyPollMs);
    },
  };

  return self;
}
