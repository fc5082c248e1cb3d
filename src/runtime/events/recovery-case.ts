// What is known of one failure that is being recovered from, and when it may be tried again; pure.

export interface CaseRules {
  /** Milliseconds after a run before the next of the same type and source. */
  readonly cooldownMs: number;
  /** A failure that comes back sooner after a recovery was never away: it counts as a failed one. */
  readonly settleMs: number;
  /** A failed run is forgotten after so long without word of the failure. */
  readonly forgetMs: number;
  /** Runs in a row that did not help before it is left to people. */
  readonly triesMax: number;
}

export interface Case {
  /** Runs in a row that did not help. */
  readonly failures: number;
  readonly last?: {
    readonly at: number;
    readonly ok: boolean;
    /** The failure was back before it had settled. */
    readonly relapsed: boolean;
  };
  readonly notBefore: number;
  readonly toldAt: number;
  readonly givenUp: boolean;
}

export const freshCase: Case = {
  failures: 0,
  notBefore: Number.NEGATIVE_INFINITY,
  toldAt: Number.NEGATIVE_INFINITY,
  givenUp: false,
};

/** Milliseconds to wait after the `n`th failure in a row. */
export type Delay = (n: number) => number;

export type Wanted =
  | { readonly kind: "run"; readonly state: Case }
  | { readonly kind: "wait"; readonly state: Case; readonly ms: number }
  | { readonly kind: "given-up"; readonly state: Case; readonly now: boolean };

/** The failure was told. */
export function told(before: Case, now: number, rules: CaseRules): Case {
  const { last, toldAt } = before;
  const quietMs = now - Math.max(toldAt, last?.at ?? toldAt, before.notBefore);
  const enoughMs = last?.ok ? rules.settleMs - rules.cooldownMs : rules.forgetMs;
  const state = last && quietMs >= enoughMs ? freshCase : before;
  return { ...state, toldAt: now };
}

/** Whether a run may begin now. */
export function wanted(before: Case, now: number, rules: CaseRules, delay: Delay): Wanted {
  if (before.givenUp) return { kind: "given-up", state: before, now: false };
  // Until the wait is over, what is told may be of the past: only then does it count as a relapse.
  if (now < before.notBefore) return { kind: "wait", state: before, ms: before.notBefore - now };
  const state = relapsed(before, delay);
  if (state.failures >= rules.triesMax) {
    return { kind: "given-up", state: { ...state, givenUp: true }, now: true };
  }
  const ms = state.notBefore - now;
  return ms > 0 ? { kind: "wait", state, ms } : { kind: "run", state };
}

/** A run is over. */
export function ended(
  before: Case,
  now: number,
  ok: boolean,
  rules: CaseRules,
  delay: Delay,
): Case {
  const failures = ok ? before.failures : before.failures + 1;
  const waitMs = Math.max(rules.cooldownMs, failures === 0 ? 0 : delay(failures));
  const last = { at: now, ok, relapsed: false };
  const givenUp = !ok && failures >= rules.triesMax;
  return { ...before, failures, last, notBefore: now + waitMs, givenUp };
}

/** It was well again without us. */
export function healed(before: Case, now: number): Case {
  return { ...freshCase, toldAt: before.toldAt, last: { at: now, ok: true, relapsed: false } };
}

/** Had it settled, `told` would have forgotten that it was there before. */
function relapsed(state: Case, delay: Delay): Case {
  const { last } = state;
  if (!last?.ok || last.relapsed) return state;
  const failures = state.failures + 1;
  const notBefore = Math.max(state.notBefore, last.at + delay(failures));
  return { ...state, failures, notBefore, last: { ...last, relapsed: true } };
}
