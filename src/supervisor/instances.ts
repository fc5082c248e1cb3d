// Makes the runner of one instance: what it tells the loop, and how its health is followed.
import { randomId } from "../kernel/ids.ts";
import type { Target } from "../model/target.ts";
import type { Ended } from "../platforms/platform.ts";
import { exitData, statusOf } from "./exit.ts";
import { followHealth } from "./health.ts";
import { takePort } from "./ports.ts";
import { createRunner, type Run, type Runner } from "./runner.ts";
import type { ServiceSpec } from "./spec.ts";
import { limitTime, overdueExit } from "./time-limit.ts";
import type { Ward } from "./ward.ts";

export type { Ward } from "./ward.ts";

export function makeRunner(ward: Ward, spec: ServiceSpec, target: Target): Runner {
  const { options, ready } = ward;
  const { platform, clock, log, emit } = options;
  let fromByte = 0;
  return createRunner({
    target,
    platform,
    clock,
    log,
    strays: ward.leftovers.of,
    spec: async () => {
      const free = spec.wantsPort && spec.port === undefined;
      const port = free ? await takePort(portsInUse(ward)) : spec.port;
      const logFile = options.logFile(target);
      fromByte = options.endOfFile?.(logFile) ?? 0;
      const run = randomId(options.random);
      const notify = options.notify?.of(target);
      if (notify) await options.notify?.begin(target, run);
      return {
        target,
        project: options.project,
        run,
        command: spec.command,
        cwd: spec.cwd,
        env: spec.env,
        ...spec.launch?.(target, port),
        ...(port === undefined ? {} : { port }),
        ...(spec.sockets ? { sockets: spec.sockets } : {}),
        ...(notify ? { notify } : {}),
        logFile,
      };
    },
    onStarted: (run, by) => {
      const { identity, port } = run;
      const data = { identity, run: run.run, ...(port === undefined ? {} : { port }) };
      if (run.adopted) {
        const was = run.ready ? ({ ready: true } as const) : {};
        emit({ type: "instance.adopted", subject: target, data: { ...data, ...was } });
      } else emit({ type: "instance.started", subject: target, data: { ...data, by } });
      ward.overdue.delete(target);
      ward.board.noteStart(target, run.run, run.adopted ? undefined : fromByte);
      if (spec.job) limitTime(ward, spec, target, run);
      else followHealth(ward, spec, target, run);
    },
    onStopping: (by) => {
      ready.delete(target);
      emit({ type: "instance.stopping", subject: target, data: { by } });
    },
    onEnded: (run, ended, stopped) => {
      ready.delete(target);
      options.beforeExit(spec.name);
      // Where an earlier daemon's run begins in the log is not known.
      tellExit(ward, spec, target, run, ended, stopped, run.adopted ? 0 : fromByte);
      if (!stopped) ward.leftovers.sweepSoon();
    },
  });
}

function tellExit(
  { options, board, overdue }: Ward,
  spec: ServiceSpec,
  target: Target,
  run: Run,
  ended: Ended,
  stopped: boolean,
  fromByte: number,
): void {
  const uptimeMs = options.clock.now() - run.startedAtMs;
  const isOverdue = overdue.delete(target);
  const lines = stopped && !isOverdue ? [] : options.lastLines(options.logFile(target), fromByte);
  const aftermath = options.lookBack?.(target, run.identity.pid, ended, run.port);
  const expected = stopped || (ended.known && spec.isExpectedExit(statusOf(ended)));
  const told = exitData(ended, { expected, stopped }, uptimeMs, lines, aftermath);
  const data = isOverdue ? overdueExit(told, spec, lines) : told;
  const completed = spec.job !== undefined && data.expected && !stopped;
  board.noteEnd(target, data.text, completed);
  if (spec.job) {
    const { code, text, uptimeMs: tookMs } = data;
    options.log.info(`${spec.name} ${completed ? "completed" : "ended"}`, { code, text, tookMs });
  }
  options.emit({ type: "instance.exited", subject: target, data });
}

function portsInUse({ runners }: Ward): ReadonlySet<number> {
  return new Set([...runners.values()].map((runner) => runner.current?.port ?? 0));
}
