// Recipes for what an app most often depends on: a database, a cache, an API.
import { HomeostatError } from "../../kernel/errors.ts";
import {
  type Ask,
  attempt,
  either,
  ensure,
  firstOf,
  type Recipe,
  type Step,
  type StepContext,
  sequence,
  step,
  waitUntil,
} from "./step.ts";

/** Does something; a throw means that it did not work. */
export type Hand = (context: StepContext) => unknown;

interface Waiting {
  /** Milliseconds to wait until it is up. */
  readonly waitMs?: number;
  /** Milliseconds between two looks; default 1,000. */
  readonly everyMs?: number;
}

export interface DatabaseRecipeOptions extends Waiting {
  /** Whether the machine is there, whatever the database does: `hostAnswers(host)`. */
  readonly pingHost: Ask;
  readonly restart: Hand;
  /** Without a replica, a host that is gone fails the recovery. */
  readonly activateReplica?: Hand;
  /** Goes back to the first database when the recovery did not help. */
  readonly deactivateReplica?: Hand;
  readonly isUp: Ask;
  /** Whether the data is whole and can be written; without it, being up is enough. */
  readonly verifyIntegrity?: Ask;
}

/** Ping the host, restart or fail over, wait (60 s), verify integrity. */
export function databaseRecipe(options: DatabaseRecipeOptions): Recipe {
  const { pingHost, restart, activateReplica, deactivateReplica, verifyIntegrity } = options;
  const failOver = activateReplica
    ? step("fail over to the replica", activateReplica, undoBy(deactivateReplica))
    : impossible("fail over to the replica", "the host does not answer and there is no replica");
  const steps: Step[] = [
    either("does the database's host answer", pingHost, {
      yes: [step("restart the database", restart)],
      no: [failOver],
    }),
    waitUntil("wait for the database", options.isUp, limits(options, 60_000)),
  ];
  if (verifyIntegrity) steps.push(ensure("verify integrity", verifyIntegrity));
  return { name: "database", steps };
}

export interface CacheRecipeOptions extends Waiting {
  /** Forgets what may be wrong; that it fails is no reason to stop, as the cache may be down. */
  readonly flush?: Hand;
  readonly isRunning: Ask;
  readonly restart: Hand;
  /** Default `isRunning`. */
  readonly isUp?: Ask;
  /** Puts in what would be missed first, so that what is behind the cache is not overrun. */
  readonly prewarm?: Hand;
}

/** Flush, restart if it is down, wait (30 s), pre-warm. */
export function cacheRecipe(options: CacheRecipeOptions): Recipe {
  const { flush, isRunning, restart, isUp = isRunning, prewarm } = options;
  const steps: Step[] = [
    either("is the cache running", isRunning, { no: [step("restart the cache", restart)] }),
    waitUntil("wait for the cache", isUp, limits(options, 30_000)),
  ];
  if (flush) steps.unshift(attempt(step("flush the cache", flush)));
  if (prewarm) steps.push(step("pre-warm the cache", prewarm));
  return { name: "cache", steps };
}

export interface ApiRecipeOptions extends Waiting {
  /** Closes kept connections: they may lead to an address that is gone. */
  readonly resetConnections?: Hand;
  readonly refreshCredentials?: Hand;
  /** A call whose answer proves that the API works for us. */
  readonly isUp: Ask;
  readonly switchEndpoint?: Hand;
  /** Goes back to the first endpoint when the recovery did not help. */
  readonly switchBack?: Hand;
}

/** Reset connections, refresh credentials, wait (30 s); still down: another endpoint, wait. */
export function apiRecipe(options: ApiRecipeOptions): Recipe {
  const { resetConnections, refreshCredentials, switchEndpoint, switchBack, isUp } = options;
  const wait = waitUntil("wait for the API", isUp, limits(options, 30_000));
  const steps: Step[] = [];
  if (resetConnections) steps.push(step("reset connections", resetConnections));
  if (refreshCredentials) steps.push(attempt(step("refresh credentials", refreshCredentials)));
  if (!switchEndpoint) return { name: "api", steps: [...steps, wait] };
  const switched = step("switch to another endpoint", switchEndpoint, undoBy(switchBack));
  const other = sequence("use another endpoint", switched, wait);
  return { name: "api", steps: [...steps, firstOf("reach the API", wait, other)] };
}

function undoBy(undo: Hand | undefined): { readonly undo?: Hand } {
  return undo ? { undo } : {};
}

function limits({ waitMs, everyMs = 1_000 }: Waiting, usualMs: number) {
  return { limitMs: waitMs ?? usualMs, everyMs };
}

function impossible(name: string, why: string): Step {
  return step(name, () => {
    throw new HomeostatError("ACTION_FAILED", why);
  });
}
