// What a seed of the restart trials makes up: services, and how they are restarted.
import type { Mode } from "../../src/model/action.ts";
import type { Policy, ServicePolicy } from "../../src/model/policy.ts";
import type { Dice } from "../dice.ts";

export function makePolicy(chance: Dice): Policy {
  const modes = { start: "auto", page: "auto" } as Record<string, Mode>;
  for (const kind of ["restart", "rollback", "degrade", "restore"]) modes[kind] = "observe";
  const service = (name: string): ServicePolicy => ({
    ...{ name, replicas: chance.pick([1, 1, 2]), dependsOn: [], routed: false },
    limits: { forMs: 3_000 },
    restart: {
      when: chance.pick(["unexpected", "unexpected", "unexpected", "always", "never"]),
      expectedExits: [0],
      firstMs: chance.pick([100, 500, 2_000]),
      factor: chance.pick([1.5, 2, 3]),
      maxMs: chance.pick([5_000, 30_000]),
      stableMs: chance.pick([5_000, 10_000, 60_000]),
      giveUp: chance.pick([
        { exits: 8, withinMs: 600_000 },
        { exits: 4, withinMs: 120_000 },
        { exits: 3, withinMs: 3_600_000 },
      ]),
      ...(chance.chance(0.5) ? { retryMs: chance.pick([30_000, 600_000, 3_600_000]) } : {}),
      loopExits: 3,
    },
    healing: {
      modes: modes as ServicePolicy["healing"]["modes"],
      cooldown: { firstMs: 10_000, maxMs: 300_000 },
      ...{ strikes: 3, perHour: 3, maxUnhealthy: 0.5, approvalMs: 900_000, settleMs: 2_000 },
      verify: { healthyMs: chance.pick([4_000, 10_000]), timeoutMs: 60_000 },
    },
    ...{ configFiles: [], startupMs: 30_000, degradable: false },
  });
  const names = ["api", "worker"].slice(0, chance.pick([1, 2]));
  return {
    project: "trial",
    services: Object.fromEntries(names.map((name) => [name, service(name)])),
  };
}
