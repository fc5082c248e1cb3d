// What ails the processes of a simulated world, on whom and until when.
import { serviceOf, type Target } from "../src/model/target.ts";

/**
 * hung: answers nothing · stuck: answers that it is sick · slow: waits for something outside ·
 * busy: short of CPU · leaking: too much memory · doomed: ends soon after each start ·
 * unspawnable: cannot be started · deaf: ignores TERM · unseen: its probe is broken ·
 * failing: its requests end in errors · late: never becomes ready · flaky: now good, now bad.
 */
export type Ailment =
  | "hung"
  | "stuck"
  | "slow"
  | "busy"
  | "leaking"
  | "doomed"
  | "unspawnable"
  | "deaf"
  | "unseen"
  | "failing"
  | "late"
  | "flaky";

export interface Condition {
  readonly ailment: Ailment;
  /** A service, or one instance of it. */
  readonly on: Target;
  /** Of this process only: a restart ends it. */
  readonly pid?: number;
  readonly untilMs: number;
}

export interface Ailments {
  afflict(condition: Condition): void;
  /** Ends what ails a service and its instances, or everything. */
  cure(service?: string): void;
  /** Whether the target has it now; `pid` is that of its process. */
  has(ailment: Ailment, target: Target, pid?: number): boolean;
  /** Whether anything ails the target, or the service as a whole. */
  any(target: Target): boolean;
}

export function createAilments(now: () => number): Ailments {
  let conditions: Condition[] = [];
  const current = (): readonly Condition[] => {
    const nowMs = now();
    if (conditions.some((it) => it.untilMs <= nowMs)) {
      conditions = conditions.filter((it) => it.untilMs > nowMs);
    }
    return conditions;
  };
  const isOn = (it: Condition, target: Target): boolean =>
    it.on === target || it.on === serviceOf(target);
  return {
    afflict: (condition) => void conditions.push(condition),
    cure: (service) => {
      conditions =
        service === undefined ? [] : conditions.filter((it) => serviceOf(it.on) !== service);
    },
    has: (ailment, target, pid) =>
      current().some(
        (it) =>
          it.ailment === ailment && isOn(it, target) && (it.pid === undefined || it.pid === pid),
      ),
    any: (target) => current().some((it) => isOn(it, target)),
  };
}
