// How a daemon begins: it takes over what an earlier one left, ends strays, starts what is missing.
import { messageOf } from "../kernel/errors.ts";
import { gatewayTarget, instanceName, serviceOf, type Target } from "../model/target.ts";
import type { Found } from "../platforms/platform.ts";
import { exitData } from "./exit.ts";
import { startOrder } from "./order.ts";
import type { Runner } from "./runner.ts";
import type { ServiceSpec, SupervisorOptions } from "./spec.ts";

export interface BootParts {
  readonly options: SupervisorOptions;
  readonly runners: ReadonlyMap<Target, Runner>;
  /** Instances that are ready now. */
  readonly ready: ReadonlySet<Target>;
  readonly start: (target: Target, by: string) => Promise<void>;
}

const pollMs = 20;

export async function boot(
  parts: BootParts,
  known: ReadonlyMap<Target, number>,
  signal: AbortSignal,
): Promise<void> {
  const { options, runners } = parts;
  adoptAll(parts, known);
  const specs = new Map(options.services.map((spec) => [spec.name, spec]));
  for (const name of startOrder(options.services)) {
    const spec = specs.get(name);
    if (!spec) continue;
    await dependenciesReady(parts, spec, signal);
    for (let index = 1; index <= spec.replicas; index++) {
      const target = instanceName(name, index);
      // What ran before and is gone has been told as an exit: the loop answers that.
      if (runners.get(target)?.current || known.has(target)) continue;
      await parts.start(target, "boot").catch((error: unknown) => {
        options.log.error("could not start", { target, reason: messageOf(error) });
      });
    }
  }
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

/** One leader per instance is kept, the youngest; all other processes of the project end. */
function adoptAll({ options, runners }: BootParts, known: ReadonlyMap<Target, number>): void {
  const leaders = new Map<Target, Found>();
  for (const found of options.platform.scan(options.project)) {
    if (!found.leader || !runners.has(found.target)) continue;
    const held = leaders.get(found.target);
    if (!held || found.identity.startTicks > held.identity.startTicks) {
      leaders.set(found.target, found);
    }
  }
  for (const found of leaders.values()) {
    const sinceMs = known.get(found.target) ?? options.clock.now();
    runners.get(found.target)?.adopt(found, sinceMs);
  }
  sweep(options, runners);
  for (const target of known.keys()) {
    if (leaders.has(target) || !runners.has(target)) continue;
    options.beforeExit(serviceOf(target));
    const ended = { code: null, signal: null, known: false };
    const data = exitData(ended, false, 0, options.lastLines(options.logFile(target)));
    options.emit({ type: "instance.exited", subject: target, data });
  }
}

/** Ends processes that carry the project's mark and belong to no instance; how many there were. */
export function sweep(options: SupervisorOptions, runners: ReadonlyMap<Target, Runner>): number {
  const kept = new Set(
    [...runners.values()].flatMap(({ current, starting }) => [current?.run, starting]),
  );
  const strays = options.platform
    .scan(options.project)
    .filter((found) => found.target !== gatewayTarget && !kept.has(found.run));
  for (const { target, identity } of strays) {
    options.log.warn("ending a process that belongs to no instance", {
      target,
      pid: identity.pid,
    });
    options.platform.signal(identity, "SIGKILL");
  }
  return strays.length;
}
