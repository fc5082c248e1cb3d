// How a daemon begins: what runs is left alone, what was being stopped ends, the rest is started.
import { formatDuration } from "../kernel/duration.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Target } from "../model/target.ts";
import type { Board } from "./board.ts";
import { conditionOf, untilText } from "./condition.ts";
import type { Runner } from "./runner.ts";
import { type Past, type ServiceSpec, type SupervisorOptions, targetsOf } from "./spec.ts";

export interface BootParts {
  readonly options: SupervisorOptions;
  readonly runners: ReadonlyMap<Target, Runner>;
  readonly board: Board;
  readonly start: (target: Target, by: string) => Promise<void>;
}

const pollMs = 20;
/** What is there sooner was not waited for. */
const waitedMs = 500;
/** While it goes on waiting, that is said again after this time, and then more and more rarely. */
const again = { firstMs: 10_000, factor: 6, maxMs: 3_600_000 } as const;

/** What ended by itself is for the loop to answer; what was being stopped starts when it has. */
export function missingOf(
  { runners }: Pick<BootParts, "runners">,
  past: Past,
  spec: ServiceSpec,
): readonly Target[] {
  if (spec.job && !spec.job.onStart) return [];
  return targetsOf(spec).filter((target) => {
    const run = past.runs.get(target);
    if (run?.stopping) return true;
    if (past.resting.has(target) || runners.get(target)?.current) return false;
    return run === undefined || past.anew;
  });
}

/** Waits for what the service depends on, then starts `targets`; of a job the loop decides. */
export async function launch(
  parts: BootParts,
  spec: ServiceSpec,
  targets: readonly Target[],
  by: string,
  signal: AbortSignal,
): Promise<void> {
  await dependenciesMet(parts, spec, signal);
  if (spec.job) {
    if (targets.length === 0 || signal.aborted) return;
    parts.options.emit({ type: "job.due", subject: spec.name, data: { by } });
    return;
  }
  for (const target of targets) {
    if (signal.aborted) return;
    await parts.start(target, by).catch((error: unknown) => {
      parts.options.log.error("could not start", { target, reason: messageOf(error) });
    });
  }
}

/** Each service waits for its own dependencies only. */
async function dependenciesMet(
  { options, board }: BootParts,
  spec: ServiceSpec,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, emit } = options;
  const unmet = (): readonly string[] =>
    spec.dependsOn.filter((name) => !board.isMet(name, conditionOf(spec, name)));
  const sinceMs = clock.now();
  let told: string | undefined;
  let sayAtMs = sinceMs + waitedMs;
  let everyMs: number = again.firstMs;
  for (let names = unmet(); names.length > 0; names = unmet()) {
    const nowMs = clock.now();
    const changed = told !== undefined && told !== names.join();
    if (nowMs >= sayAtMs || changed) {
      if (told !== names.join()) {
        const data = {
          for: names.map((name) => ({ service: name, until: untilText(conditionOf(spec, name)) })),
          sinceMs: Math.round(sinceMs),
        };
        emit({ type: "service.waiting", subject: spec.name, data });
      } else everyMs = Math.min(again.maxMs, everyMs * again.factor);
      told = names.join();
      sayAtMs = nowMs + everyMs;
      log.info(sentence(spec, names, board, nowMs - sinceMs));
    }
    await clock.sleep(pollMs, signal);
  }
  if (told === undefined) return;
  log.info(`${spec.name} goes on: it waited for ${formatDuration(clock.now() - sinceMs)}`);
}

function sentence(
  spec: ServiceSpec,
  names: readonly string[],
  board: Board,
  waitedMs: number,
): string {
  const parts = names.map((name) => {
    const note = board.noteOf(name);
    const until = `${name} to ${untilText(conditionOf(spec, name))}`;
    return note === undefined ? until : `${until} (${note})`;
  });
  return `${spec.name} waits for ${parts.join(", and for ")}; so far for ${formatDuration(waitedMs)}`;
}
