// What a seed makes up: services, what they need, how they behave, and the policy over them.
import type { ActionKind, Mode } from "../src/model/action.ts";
import type { Policy, ServicePolicy } from "../src/model/policy.ts";
import type { Dice } from "./dice.ts";

/** What the policy does not tell: how a service of this world behaves when it is well. */
export interface Manner {
  /** Its probe answers badly while something that it needs does not answer. */
  readonly deep: boolean;
  /** It ends soon after its start while something that it needs is not there. */
  readonly needy: boolean;
  /** From spawn to the first good answer. */
  readonly startMs: number;
  /** From TERM to its end. */
  readonly termMs: number;
  readonly latencyMs: number;
  /** It reads a config file again when that changes, without a restart. */
  readonly reloads: boolean;
}

export interface Town {
  readonly policy: Policy;
  readonly manners: Readonly<Record<string, Manner>>;
  readonly tickMs: number;
}

const names = ["database", "catalog", "payments", "search", "worker", "mailer", "web", "edge"];
const kinds: readonly ActionKind[] = ["start", "restart", "rollback", "degrade", "restore", "page"];

/** Two to six services in layers: each may need some of those before it. */
export function makeTown(dice: Dice, healthy: boolean): Town {
  const count = 2 + Math.floor(dice.random() * 5);
  const chosen = names.filter(() => dice.chance(0.7)).slice(0, count);
  if (chosen.length < 2) chosen.splice(0, chosen.length, "database", "web");
  const style = dice.pick<Mode>(["auto", "auto", "auto", "suggest", "observe"]);
  const healing = makeHealing(dice, style);
  const services: Record<string, ServicePolicy> = {};
  const manners: Record<string, Manner> = {};
  for (const [i, name] of chosen.entries()) {
    const needs = chosen.slice(0, i).filter(() => dice.chance(0.45));
    services[name] = makeService(dice, name, needs, healing);
    manners[name] = {
      deep: needs.length > 0 && dice.chance(0.4),
      needy: needs.length > 0 && dice.chance(0.25) && !healthy,
      startMs: dice.between(100, 4_000),
      termMs: dice.between(20, 2_000),
      latencyMs: dice.between(5, 80),
      reloads: dice.chance(0.2),
    };
  }
  const tickMs = dice.pick([250, 250, 500, 1_000]);
  return { policy: { project: "town", services }, manners, tickMs };
}

function makeHealing(dice: Dice, style: Mode): ServicePolicy["healing"] {
  const modes = Object.fromEntries(kinds.map((kind) => [kind, style])) as Record<ActionKind, Mode>;
  if (style !== "auto" && dice.chance(0.7)) modes.start = "auto";
  if (dice.chance(0.8)) modes.restore = "auto";
  if (dice.chance(0.15)) modes[dice.pick(["restart", "rollback", "degrade"] as const)] = "suggest";
  modes.page = "auto";
  return {
    modes,
    cooldown: {
      firstMs: dice.pick([2_000, 10_000, 30_000]),
      maxMs: dice.pick([60_000, 300_000]),
    },
    strikes: dice.pick([1, 2, 3, 5]),
    perHour: dice.pick([1, 2, 3, 10, 60]),
    maxUnhealthy: dice.pick([0, 0.34, 0.5, 0.5, 1]),
    verify: dice.pick([
      { healthyMs: 4_000, timeoutMs: 30_000 },
      { healthyMs: 10_000, timeoutMs: 60_000 },
      { healthyMs: 20_000, timeoutMs: 90_000 },
    ]),
    approvalMs: dice.pick([60_000, 300_000, 900_000]),
    settleMs: dice.pick([1_000, 2_000, 5_000]),
  };
}

function makeService(
  dice: Dice,
  name: string,
  dependsOn: readonly string[],
  healing: ServicePolicy["healing"],
): ServicePolicy {
  const routed = dice.chance(0.7);
  const probed = dice.chance(0.9);
  const replicas = dice.pick([1, 1, 2, 2, 3, 4, 5]);
  return {
    name,
    replicas,
    ...(routed && replicas > 1 ? { spares: Math.floor(replicas / 2) } : {}),
    dependsOn,
    routed,
    ...(probed
      ? { probe: { failures: dice.pick([2, 3]), periodMs: dice.pick([500, 1_000, 2_000]) } }
      : {}),
    limits: {
      ...(routed && dice.chance(0.7) ? { p95Ms: 900 } : {}),
      ...(routed && dice.chance(0.5) ? { errorRatio: 0.2 } : {}),
      ...(probed && dice.chance(0.4) ? { probeLatencyMs: 900 } : {}),
      ...(dice.chance(0.3) ? { cpuRatio: 0.95 } : {}),
      ...(dice.chance(0.4) ? { rssBytes: 500 * 1_048_576 } : {}),
      forMs: dice.pick([2_000, 3_000, 10_000]),
    },
    restart: {
      when: dice.chance(0.05) ? "never" : "unexpected",
      expectedExits: [0],
      firstMs: 500,
      factor: 2,
      maxMs: 30_000,
      stableMs: dice.pick([5_000, 10_000]),
      giveUp: dice.pick([
        { exits: 8, withinMs: 600_000 },
        { exits: 5, withinMs: 120_000 },
      ]),
      loopExits: 3,
    },
    healing,
    configFiles: dice.chance(0.5) ? [`${name}.json`] : [],
    startupMs: dice.pick([10_000, 30_000]),
    degradable: dice.chance(0.5),
  };
}
