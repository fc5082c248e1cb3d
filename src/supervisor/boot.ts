// How a daemon begins: what runs is left alone, what was being stopped ends, the rest is started.
import { messageOf } from "../kernel/errors.ts";
import { serviceOf, type Target } from "../model/target.ts";
import type { Runner } from "./runner.ts";
import { type Past, type ServiceSpec, type SupervisorOptions, targetsOf } from "./spec.ts";

export interface BootParts {
  readonly options: SupervisorOptions;
  readonly runners: ReadonlyMap<Target, Runner>;
  /** Instances that are ready now. */
  readonly ready: ReadonlySet<Target>;
  readonly start: (target: Target, by: string) => Promise<void>;
}

const pollMs = 20;

/** Each service waits for its own dependencies only; resolves when every instance was started. */
export async function boot(parts: BootParts, past: Past, signal: AbortSignal): Promise<void> {
  await Promise.all(parts.options.services.map((spec) => bootOne(parts, past, spec, signal)));
}

async function bootOne(
  parts: BootParts,
  past: Past,
  spec: ServiceSpec,
  signal: AbortSignal,
): Promise<void> {
  const missing = targetsOf(spec).filter((target) => isMissing(parts, past, target));
  if (missing.length === 0) return;
  await dependenciesReady(parts, spec, signal);
  for (const target of missing) {
    if (signal.aborted) return;
    await parts.start(target, "boot").catch((error: unknown) => {
      parts.options.log.error("could not start", { target, reason: messageOf(error) });
    });
  }
}

/** What ended by itself is for the loop to answer; what was being stopped starts when it has. */
function isMissing({ runners }: BootParts, past: Past, target: Target): boolean {
  const run = past.runs.get(target);
  if (run?.stopping) return true;
  if (past.resting.has(target) || runners.get(target)?.current) return false;
  return run === undefined || past.anew;
}

async function dependenciesReady(
  { options, ready }: BootParts,
  spec: ServiceSpec,
  signal: AbortSignal,
): Promise<void> {
  const isReady = (name: string): boolean =>
    [...ready].some((target) => serviceOf(target) === name);
  const missing = (): string | undefined => spec.dependsOn.find((name) => !isReady(name));
  if (missing()) options.log.info(`${spec.name} waits until ${missing()} is ready`);
  while (missing() !== undefined) await options.clock.sleep(pollMs, signal);
}
