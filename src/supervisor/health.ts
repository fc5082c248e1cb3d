// Follows one run of an instance: its start, whether it lives, and whether it is ready for traffic.

import { type Metric, metrics, type Reading, reading } from "../model/reading.ts";
import type { Target } from "../model/target.ts";
import { type Answer, keepProbing, type ProbeSchedule, type Probes } from "./prober.ts";
import type { Run } from "./runner.ts";
import type { ServiceSpec } from "./spec.ts";
import { createTally } from "./tally.ts";
import type { Ward } from "./ward.ts";

/** Without a probe an instance counts as ready when it has run for so long. */
const settledMs = 1_000;

interface Life {
  readonly ward: Ward;
  readonly target: Target;
  readonly run: Run;
  readonly gone: AbortSignal;
  /** While it is being stopped it may answer well, and must not be taken into service for it. */
  readonly isWanted: () => boolean;
  readonly becomeReady: () => void;
  /** Ready, as the rest of the supervisor is told; readiness may take it back. */
  readonly serve: (ready: boolean) => void;
}

/** From the start of a process to its end. */
export function followHealth(ward: Ward, spec: ServiceSpec, target: Target, run: Run): void {
  const { options, runners, ready } = ward;
  const { clock, emit } = options;
  const gone = new AbortController();
  void run.over.then(() => gone.abort());
  const isWanted = (): boolean => {
    const runner = runners.get(target);
    return runner?.current?.run === run.run && !runner.stopping;
  };
  let told = run.ready && isWanted();
  if (told) ready.add(target);
  const becomeReady = (): void => {
    if (told || !isWanted()) return;
    told = true;
    ready.add(target);
    const tookMs = Math.round(clock.now() - run.startedAtMs);
    emit({ type: "instance.ready", subject: target, data: { tookMs } });
  };
  const serve = (on: boolean): void => {
    if (!told || !isWanted()) return;
    if (on) ready.add(target);
    else ready.delete(target);
  };
  const life: Life = { ward, target, run, gone: gone.signal, isWanted, becomeReady, serve };
  if (spec.probes) apart(life, spec.probes);
  else if (spec.probe) together(life, spec.probe);
  else if (!told) clock.sleep(settledMs, gone.signal).then(becomeReady, () => {});
}

/** One probe for everything: ready with its first good answer, and what it says before is no sign. */
function together(life: Life, schedule: ProbeSchedule): void {
  const { options } = life.ward;
  const tally = createTally(schedule);
  let { ready } = life.run;
  keepAsking(life, schedule, life.gone, {
    isHasty: () => !ready,
    observe: (answer) => {
      const turn = tally.note(answer.kind);
      if (answer.kind === "good") {
        ready = true;
        life.becomeReady();
      }
      if (ready && "readings" in answer) options.observe(answer.readings, turn === "bad");
    },
  });
}

/** Startup first; then whether it lives and whether it is ready, each on its own. */
function apart(life: Life, { startup, readiness, liveness }: Probes): void {
  const { ward, target, run, gone } = life;
  const { clock, emit } = ward.options;
  if (run.ready) {
    if (readiness) askReadiness(life, readiness);
    if (liveness) askLiveness(life, liveness);
    return;
  }
  const begun = new AbortController();
  const onBegun = (): void => {
    if (begun.signal.aborted) return;
    begun.abort();
    if (readiness) {
      const tookMs = Math.round(clock.now() - run.startedAtMs);
      emit({ type: "instance.live", subject: target, data: { tookMs } });
      askReadiness(life, readiness);
    } else life.becomeReady();
    if (startup && liveness) askLiveness(life, liveness);
  };
  if (startup) {
    askStartup(life, startup, AbortSignal.any([gone, begun.signal]), onBegun);
  } else if (liveness) askLiveness(life, liveness, onBegun);
  else onBegun();
}

function askStartup(
  life: Life,
  schedule: ProbeSchedule,
  signal: AbortSignal,
  onBegun: () => void,
): void {
  const tally = createTally(schedule);
  keepAsking(life, schedule, signal, {
    isHasty: () => true,
    observe: (answer) => {
      const turn = tally.note(answer.kind);
      tell(life, answer, metrics.probeStartup, false);
      if (turn === "good") onBegun();
    },
  });
}

/** With `onBegun` it stands in for a startup probe until its first good row. */
function askLiveness(life: Life, schedule: ProbeSchedule, onBegun?: () => void): void {
  const tally = createTally(schedule);
  let starting = onBegun !== undefined;
  keepAsking(life, schedule, life.gone, {
    isHasty: () => starting,
    observe: (answer) => {
      const turn = tally.note(answer.kind);
      if (starting && turn === "good") {
        starting = false;
        onBegun?.();
      }
      tell(life, answer, starting ? metrics.probeStartup : metrics.probe, turn === "bad");
    },
  });
}

function askReadiness(life: Life, schedule: ProbeSchedule): void {
  const tally = createTally(schedule);
  let { ready } = life.run;
  keepAsking(life, schedule, life.gone, {
    isHasty: () => !ready,
    observe: (answer) => {
      const turn = tally.note(answer.kind);
      if (turn === "good") {
        if (ready) life.serve(true);
        else life.becomeReady();
        ready = true;
      }
      if (turn === "bad") life.serve(false);
      tell(life, answer, metrics.probeReady, turn !== undefined);
    },
  });
}

function keepAsking(
  { ward, target, run, isWanted }: Life,
  schedule: ProbeSchedule,
  signal: AbortSignal,
  how: { readonly isHasty: () => boolean; readonly observe: (answer: Answer) => void },
): void {
  const { clock, random, log, observe } = ward.options;
  const { identity, port, startedAtMs } = run;
  let broken = false;
  void keepProbing({
    schedule,
    of: { target, pid: identity.pid, startedAtMs, ...(port === undefined ? {} : { port }) },
    clock,
    random,
    log,
    signal,
    isHasty: () => how.isHasty() && isWanted(),
    observe: (answer) => {
      if (!isWanted()) return;
      const why = answer.kind === "broken" ? answer.why : undefined;
      if (broken || why !== undefined) {
        const value = why === undefined ? 1 : 0;
        observe([reading(target, metrics.probeWorks, value, clock.now(), why)]);
      }
      broken = why !== undefined;
      how.observe(answer);
    },
  });
}

/** Only liveness speaks of `probe` and its latency: rules watch these. */
function tell({ ward }: Life, answer: Answer, as: Metric, soon: boolean): void {
  if (answer.kind === "broken") return;
  const readings = answer.readings.flatMap((it): readonly Reading[] => {
    if (as.name === metrics.probe.name) return [it];
    if (it.metric === metrics.probeLatency.name) return [];
    return it.metric === metrics.probe.name ? [{ ...it, metric: as.name }] : [it];
  });
  ward.options.observe(readings, soon);
}
