// What holds where a config says nothing, and the healing of a service from what is said around it.
import { type Duration, parseDuration } from "../kernel/duration.ts";
import type { ActionKind, Mode } from "../model/action.ts";
import type { HealingPolicy } from "../model/policy.ts";
import type { HealingConfig } from "./config.ts";

interface Defaults {
  readonly dashboardPort: number;
  readonly probe: { readonly periodMs: number; readonly timeoutMs: number };
  readonly backoff: { readonly firstMs: number; readonly factor: number; readonly maxMs: number };
  readonly giveUp: { readonly exits: number; readonly withinMs: number };
  readonly cooldown: { readonly firstMs: number; readonly maxMs: number };
  readonly verify: { readonly healthyMs: number; readonly timeoutMs: number };
  /** How long an answer may take. */
  readonly timeoutMs: number;
}

/** The defaults that a check needs too; the others stand where they are used. */
export const defaults: Defaults = {
  dashboardPort: 7_700,
  probe: { periodMs: 1_000, timeoutMs: 1_000 },
  backoff: { firstMs: 500, factor: 2, maxMs: 30_000 },
  giveUp: { exits: 8, withinMs: 600_000 },
  cooldown: { firstMs: 10_000, maxMs: 300_000 },
  verify: { healthyMs: 10_000, timeoutMs: 60_000 },
  timeoutMs: 30_000,
};

/** Key by key, down to `cooldown.first`: what a service says itself wins. */
export function toHealing(
  outer: HealingConfig | undefined,
  own: HealingConfig | undefined,
): HealingPolicy {
  const { strikes, perHour, maxUnhealthy, approval, settle } = { ...outer, ...own };
  const cooldown = { ...outer?.cooldown, ...own?.cooldown };
  const verify = { ...outer?.verify, ...own?.verify };
  return {
    modes: toModes(outer, own),
    cooldown: {
      firstMs: ms(cooldown.first, defaults.cooldown.firstMs),
      maxMs: ms(cooldown.max, defaults.cooldown.maxMs),
    },
    strikes: strikes ?? 3,
    perHour: perHour ?? 3,
    maxUnhealthy: maxUnhealthy ?? 0.5,
    verify: {
      healthyMs: ms(verify.healthy, defaults.verify.healthyMs),
      timeoutMs: ms(verify.timeout, defaults.verify.timeoutMs),
    },
    approvalMs: ms(approval, 900_000),
    settleMs: ms(settle, 2_000),
  };
}

/**
 * Starting what is gone and ending a degrade need nobody's leave; everything else asks until the
 * config says otherwise. The nearer word wins: a service's own before the one for all.
 */
function toModes(
  outer: HealingConfig | undefined,
  own: HealingConfig | undefined,
): Readonly<Record<ActionKind, Mode>> {
  const base: Readonly<Record<ActionKind, Mode>> = {
    start: "auto",
    restart: "suggest",
    rollback: "suggest",
    degrade: "suggest",
    restore: "auto",
    page: "auto",
  };
  const pick = (kind: Exclude<ActionKind, "page">): Mode =>
    own?.modes?.[kind] ?? own?.mode ?? outer?.modes?.[kind] ?? outer?.mode ?? base[kind];
  return {
    start: pick("start"),
    restart: pick("restart"),
    rollback: pick("rollback"),
    degrade: pick("degrade"),
    restore: pick("restore"),
    page: "auto",
  };
}

export function ms(value: Duration | undefined, otherwise: number): number {
  return value === undefined ? otherwise : (parseDuration(value) ?? otherwise);
}
