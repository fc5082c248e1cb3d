// Makes the runner of one instance: what it tells the loop, and how its health is followed.
import { randomId } from "../kernel/ids.ts";
import type { Target } from "../model/target.ts";
import type { Ended } from "../platforms/platform.ts";
import { exitData } from "./exit.ts";
import { takePort } from "./ports.ts";
import { keepProbing } from "./prober.ts";
import { createRunner, type Run, type Runner } from "./runner.ts";
import type { ServiceSpec, SupervisorOptions } from "./spec.ts";

/** What all instances share. */
export interface Ward {
  readonly options: SupervisorOptions;
  readonly runners: Map<Target, Runner>;
  /** Instances that are ready now. */
  readonly ready: Set<Target>;
}

/** Without a probe an instance counts as ready when it has run for so long. */
const settledMs = 1_000;

export function makeRunner(ward: Ward, spec: ServiceSpec, target: Target): Runner {
  const { options, ready } = ward;
  const { platform, clock, log, emit } = options;
  return createRunner({
    target,
    platform,
    clock,
    log,
    spec: async () => {
      const port = spec.wantsPort ? await takePort(portsInUse(ward)) : undefined;
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
      followHealth(ward, spec, target, run);
    },
    onStopping: (by) => {
      ready.delete(target);
      emit({ type: "instance.stopping", subject: target, data: { by } });
    },
    onEnded: (run, ended, stopped) => {
      ready.delete(target);
      options.beforeExit(spec.name);
      tellExit(ward, spec, target, run, ended, stopped);
    },
  });
}

function tellExit(
  { options }: Ward,
  spec: ServiceSpec,
  target: Target,
  run: Run,
  ended: Ended,
  stopped: boolean,
): void {
  const uptimeMs = options.clock.now() - run.startedAtMs;
  const lines = stopped ? [] : options.lastLines(options.logFile(target));
  const expected = stopped || (ended.known && spec.isExpectedExit(ended.code));
  const data = exitData(ended, { expected, stopped }, uptimeMs, lines);
  options.emit({ type: "instance.exited", subject: target, data });
}

/** From the start of a process to its end: when it becomes ready, and what its probe says. */
function followHealth(ward: Ward, spec: ServiceSpec, target: Target, run: Run): void {
  const { options, runners, ready } = ward;
  const { clock, log, emit } = options;
  const gone = new AbortController();
  void run.over.then(() => gone.abort());
  // While it is being stopped it may answer well, and must not be taken into service again for it.
  const isWanted = (): boolean => {
    const runner = runners.get(target);
    return runner?.current?.run === run.run && !runner.stopping;
  };
  const becomeReady = (): void => {
    if (ready.has(target) || !isWanted()) return;
    ready.add(target);
    const tookMs = Math.round(clock.now() - run.startedAtMs);
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
    isStarting: () => !ready.has(target) && isWanted(),
    observe: (readings, healthy) => {
      if (!isWanted()) return;
      if (healthy) becomeReady();
      // What it answers while it starts is no sign of anything.
      if (ready.has(target)) options.observe(readings);
    },
  });
}

function portsInUse({ runners }: Ward): ReadonlySet<number> {
  return new Set([...runners.values()].map((runner) => runner.current?.port ?? 0));
}
