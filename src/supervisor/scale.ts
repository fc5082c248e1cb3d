// More or fewer instances of a service that runs: the new ones are started, the last ones end.
import type { Target } from "../model/target.ts";
import { makeRunner } from "./instances.ts";
import type { StopStep } from "./runner.ts";
import { type ServiceSpec, type Supervisor, targetsOf } from "./spec.ts";
import type { Ward } from "./ward.ts";

/** Resolves when the new ones are ready, or those that are too many have ended, drained before. */
export async function scaleTo(
  ward: Ward,
  hands: Pick<Supervisor, "start" | "stop" | "ready">,
  spec: ServiceSpec,
  replicas: number,
  by: string,
  step: StopStep = () => {},
): Promise<void> {
  const { runners, options } = ward;
  const { clock } = options;
  const timed = async (target: Target, text: string, work: () => Promise<void>): Promise<void> => {
    const fromMs = clock.now();
    await work();
    step(`${target} ${text}`, clock.now() - fromMs);
  };
  const before = targetsOf(spec);
  const after = targetsOf({ ...spec, replicas });
  const gone = before.filter((target) => !after.includes(target));
  await Promise.all(
    gone.map((target) => timed(target, "has ended", () => hands.stop(target, { by }))),
  );
  spec.replicas = replicas;
  for (const target of gone) runners.delete(target);
  const fresh = after.filter((target) => !runners.has(target));
  for (const target of fresh) runners.set(target, makeRunner(ward, spec, target));
  await Promise.all(
    fresh.map((target) =>
      timed(target, "is ready", async () => {
        await hands.start(target, by);
        await hands.ready(target);
      }),
    ),
  );
}
