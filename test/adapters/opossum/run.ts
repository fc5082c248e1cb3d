// One call of opossum's through our strategies, and what is told of it to whoever listens.
import { compose } from "../../../src/policies/compose.ts";
import { Rejection } from "../../../src/policies/rejection.ts";
import { fallback } from "../../../src/policies/strategies/fallback.ts";
import { type Exited, type HookStrategy, Replaced } from "../../../src/policies/strategy.ts";

const ours: unique symbol = Symbol("our-error");

export function isOurError(error: unknown): boolean {
  return typeof error === "object" && error !== null && ours in error;
}

export function ourError(message: string, code: string): Error {
  return Object.assign(new Error(message), { code, [ours]: true });
}

/** What a call has ended with, before its fallback. */
export interface Ended {
  readonly kind: "success" | "failure" | "forgiven" | "open" | "timeout" | "locked";
  readonly value: unknown;
  /** Milliseconds. */
  readonly latency: number;
}

export interface CallPlan {
  readonly work: () => unknown;
  /** Outermost first: circuit, semaphore, timeout. */
  readonly guards: readonly HookStrategy[];
  readonly timeoutMs: number | false;
  /** True for an error that is not the target's failure. */
  readonly forgives: (error: unknown) => boolean;
  /** Called in the same turn in which the call ends. */
  readonly tell: (ended: Ended) => void;
  readonly fallback: ((error: unknown) => unknown) | undefined;
}

/** An error that counts as a success: opossum's circuit closes on it, ours would not count it. */
class Forgiven {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** Rejects with the error of the work or one of opossum's own. */
export function run(plan: CallPlan): Promise<unknown> {
  const startedAt = Date.now();
  const errors = new Map<Rejection, Error>();
  const errorOf = (value: unknown): unknown => {
    if (!(value instanceof Rejection)) return value;
    const error = errors.get(value) ?? refusal(value, plan.timeoutMs);
    errors.set(value, error);
    return error;
  };
  let forgiven = false;

  const told: HookStrategy = {
    name: "told",
    aborts: false,
    callsUser: true,
    exit: (_call, _level, ok, value): Exited => {
      const latency = Date.now() - startedAt;
      if (ok && !(value instanceof Forgiven)) {
        plan.tell({ kind: "success", value, latency });
        return undefined;
      }
      forgiven = value instanceof Forgiven;
      const error = value instanceof Forgiven ? value.error : errorOf(value);
      plan.tell({ kind: forgiven ? "forgiven" : kindOf(value), value: error, latency });
      return new Replaced(false, error);
    },
  };
  const forgiving: HookStrategy = {
    name: "forgiving",
    aborts: false,
    callsUser: true,
    exit: (_call, _level, ok, value): Exited => {
      const error = errorOf(value);
      return ok || !plan.forgives(error) ? undefined : new Replaced(true, new Forgiven(error));
    },
  };
  const [circuit, ...inner] = plan.guards;
  const give = plan.fallback;
  const strategies = [
    ...(give ? [fallback({ give, when: () => !forgiven })] : []),
    told,
    ...(circuit ? [circuit] : []),
    forgiving,
    ...inner,
  ];
  return compose({ name: "opossum" }, ...strategies).run(plan.work);
}

function kindOf(value: unknown): Ended["kind"] {
  if (!(value instanceof Rejection)) return "failure";
  if (value.reason === "open") return "open";
  return value.reason === "timeout" ? "timeout" : "locked";
}

function refusal({ reason }: Rejection, timeoutMs: number | false): Error {
  if (reason === "open") return ourError("Breaker is open", "EOPENBREAKER");
  if (reason === "timeout") return ourError(`Timed out after ${timeoutMs}ms`, "ETIMEDOUT");
  return ourError("Semaphore locked", "ESEMLOCKED");
}
