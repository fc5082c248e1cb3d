// Takes a thing into the watch: settles what is to be done about its loss, begins it, hands out its handle.
import { HomeostatError } from "../../kernel/errors.ts";
import { anything, checkOptions, finiteAbove, oneOf } from "../../policies/options.ts";
import type { Kind, Watched } from "./entry.ts";
import type { Begin } from "./kinds.ts";
import type { Heartbeat } from "./loop-beat.ts";
import { type Policy, restartPlan, type WatchOptions } from "./policy.ts";
import type { Roster } from "./roster.ts";
import { Tracked } from "./tracked.ts";
import type { Home } from "./tracked-given.ts";

/** A policy alone, or with more to say. */
export type Care = Policy | WatchOptions;

export interface Registration {
  readonly kind: Kind;
  readonly name: string;
  readonly site: string;
  readonly care: Care | undefined;
  readonly begin: Begin;
  /** Whether it can be made anew. */
  readonly again: boolean;
  readonly heartbeat?: Heartbeat;
  /** Default 10,000. */
  readonly startMs?: number;
}

const verdicts: readonly unknown[] = ["die", "restart", "ignore"];

const isPolicy = (value: unknown): boolean =>
  typeof value === "function" || verdicts.includes(value);

/** What may be given for a policy. */
export function policyRule(value: unknown): string | undefined {
  return isPolicy(value) ? undefined : '"die", "restart", "ignore" or a function';
}

const defaultStartMs = 10_000;

/** @throws OPTION_INVALID */
export function register(home: Home, roster: Roster, given: Registration, usual: Policy): Tracked {
  const { kind, name, site, begin, again } = given;
  const who = `watchdog: ${kind} ${name}`;
  const care = settle(who, given.care);
  const policy = care.policy ?? usual;
  if (policy === "restart" && !again) {
    const needed = kind === "loop" ? "`start` in its options" : "a function that makes it";
    throw new HomeostatError("OPTION_INVALID", `${who}: the policy "restart" needs ${needed}`);
  }
  const plan = restartPlan(who, care.restart);
  const tracked = new Tracked(home, {
    id: roster.take(name),
    name,
    kind,
    site,
    policy,
    plan,
    cleanEnd: care.cleanEnd ?? (kind === "child" ? "fine" : "lost"),
    startMs: care.startMs ?? given.startMs ?? defaultStartMs,
    begin,
    again,
  });
  roster.add(tracked, given.heartbeat);
  tracked.begin();
  return tracked;
}

function settle(who: string, care: Care | undefined): WatchOptions {
  if (care === undefined) return {};
  if (typeof care !== "object") {
    checkOptions<{ readonly policy: Policy }>(who, { policy: care }, { policy: policyRule });
    return { policy: care };
  }
  checkOptions<WatchOptions>(who, care, {
    policy: policyRule,
    restart: anything,
    cleanEnd: oneOf("fine", "lost"),
    startMs: finiteAbove(0),
  });
  return care;
}

export function watched(tracked: Tracked): Watched {
  const { id, name, kind, site } = tracked.settings;
  return {
    id,
    name,
    kind,
    site,
    get state() {
      return tracked.state;
    },
    get restarts() {
      return tracked.restarts;
    },
    untrack: () => tracked.untrack(false),
    [Symbol.dispose]: () => tracked.untrack(true),
  };
}
