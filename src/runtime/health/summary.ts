// The health of the app as one answer, from what is known of each check: a pure function.
import type { Status } from "../parts/health.ts";
import type { Kind } from "./settings.ts";
import { type CheckState, isWell } from "./state.ts";

export type SummaryKind = "health" | Kind;

export interface Summary {
  readonly kind: SummaryKind;
  /** What a probe is told: 200 or 503. */
  readonly ok: boolean;
  readonly status: Status;
  /** Why it is not healthy. */
  readonly reason?: string;
  readonly checks: readonly CheckState[];
}

export interface Facts {
  readonly checks: readonly CheckState[];
  /** Why it is not so, whatever its checks say. */
  readonly away: readonly string[];
  /** That the critical checks of the start have all been well once: it stays so. */
  readonly started: boolean;
}

/**
 * Healthy means that every critical check is; degraded counts as healthy and is shown. A check that
 * is not critical never fails the whole. Unknown is not healthy, except for being alive: a restart
 * does not mend what nobody has looked at.
 */
export function summarize(kind: SummaryKind, { checks, away: told, started }: Facts): Summary {
  const away = told.length > 0;
  if (kind === "startup" && started && !away) return { kind, ok: true, status: "healthy", checks };
  const found: Verdict = verdict(checks);
  const ok = !away && isOk(kind, found.status);
  const status = away ? "unhealthy" : found.status;
  const reasons = away ? [...told, ...found.reasons] : found.reasons;
  const base = { kind, ok, status, checks };
  return reasons.length === 0 ? base : { ...base, reason: reasons.join("; ") };
}

interface Verdict {
  readonly status: Status;
  readonly reasons: readonly string[];
}

function isOk(kind: SummaryKind, status: Status): boolean {
  if (kind === "live" && status === "unknown") return true;
  return isWell(status);
}

function verdict(checks: readonly CheckState[]): Verdict {
  const of = (status: Status, critical: boolean): readonly CheckState[] =>
    checks.filter((check) => check.status === status && check.critical === critical);
  const worst: readonly (readonly [Status, readonly CheckState[]])[] = [
    ["unhealthy", of("unhealthy", true)],
    ["unknown", of("unknown", true)],
    ["degraded", checks.filter((check) => check.status === "degraded")],
    ["degraded", of("unhealthy", false)],
  ];
  const told = worst.filter(([, found]) => found.length > 0);
  return {
    status: told[0]?.[0] ?? "healthy",
    reasons: told.flatMap(([, found]) =>
      found.map(({ name, status, reason }) => `${name} is ${status}${reason ? `: ${reason}` : ""}`),
    ),
  };
}
