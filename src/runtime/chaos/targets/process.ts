// Processes as targets: paused and continued, or killed and seen to come back; never a number reused.
import { type Clock, systemClock } from "../../../kernel/clock.ts";
import { HomeostatError } from "../../../kernel/errors.ts";
import { anything, called, checkOptions, oneOf } from "../../../policies/options.ts";
import type { NamedProcess } from "../../parts/process-identity.ts";
import { wait } from "../../parts/wait.ts";
import type { Json } from "../journal.ts";
import type { Target } from "../target.ts";
import { type ProcessHand, systemHand } from "./process-hand.ts";
import { type Timing, timingRules } from "./timing.ts";

/** Which process, or how to find it: undefined when there is none now. */
export type Pid = number | (() => number | undefined | Promise<number | undefined>);

export interface PausedOptions extends Timing {
  readonly pid: Pid;
  readonly hand?: ProcessHand;
}

export interface KilledOptions extends PausedOptions {
  /** Default SIGKILL: it gets no chance to say goodbye. */
  readonly signal?: "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGABRT";
  /**
   * Starts it again. Without it somebody else has to, such as its supervisor, and `pid` has to find
   * the process that comes: until it does the target is not recovered.
   */
  readonly restart?: (signal: AbortSignal) => unknown;
  readonly clock?: Clock;
}

/**
 * Stops a process with SIGSTOP and continues it with SIGCONT: sockets stay open, nothing answers. A
 * process that is stopped already is refused, as it would be continued against somebody's will.
 */
export function pausedProcess(options: PausedOptions): Target {
  checkOptions<PausedOptions>("pausedProcess", options, pausedRules);
  const { pid, hand = systemHand(), ...timing } = options;
  return {
    ...timing,
    disrupt: async (signal, save) => {
      const found = await find(pid, hand);
      if (hand.isStopped(found.pid)) refuse(`process ${found.pid} is stopped already`);
      save(undoOf(found));
      signal.throwIfAborted();
      send(hand, found, "SIGSTOP");
    },
    recover: (saved) => {
      if (saved === undefined) return;
      const paused = saved as unknown as NamedProcess;
      if (isAlive(hand, paused)) send(hand, paused, "SIGCONT");
    },
  };
}

/** @throws OPTION_INVALID for a fixed pid without `restart`: nobody could find its successor. */
export function killedProcess(options: KilledOptions): Target {
  checkOptions<KilledOptions>("killedProcess", options, killedRules);
  const { pid, hand = systemHand(), restart, clock = systemClock, signal, ...timing } = options;
  if (typeof pid === "number" && restart === undefined) {
    refuse("killedProcess: give `restart`, or a function as `pid` that finds what comes after it");
  }
  const isBack = async (): Promise<boolean> => {
    const now = typeof pid === "function" ? await pid() : undefined;
    return now !== undefined && hand.identify(now) !== undefined;
  };
  return {
    ...timing,
    disrupt: async (ends, save) => {
      const found = await find(pid, hand);
      save(undoOf(found));
      ends.throwIfAborted();
      send(hand, found, signal ?? "SIGKILL");
      await until(() => !isAlive(hand, found), clock, ends);
      return undoOf(found);
    },
    recover: async (saved, { signal: ends }) => {
      if (saved === undefined || isAlive(hand, saved as unknown as NamedProcess)) return;
      if (await isBack()) return;
      await restart?.(ends);
      if (typeof pid === "function") await until(isBack, clock, ends);
    },
  };
}

async function find(pid: Pid, hand: ProcessHand): Promise<NamedProcess> {
  const number = typeof pid === "function" ? await pid() : pid;
  if (number === undefined) {
    throw new HomeostatError("ACTION_FAILED", "there is no process to disrupt");
  }
  if (number === hand.self) refuse("chaos cannot disrupt its own process: nobody would undo it");
  if (!Number.isInteger(number) || number < 2) refuse(`${number} is no process to disrupt`);
  const found = hand.identify(number);
  if (found) return found;
  const message = `process ${number} is not there, or the system does not say when it was started`;
  throw new HomeostatError("ACTION_FAILED", message);
}

/** The journal's own process may be in another container by now: then nobody can tell, and it waits. */
function isAlive(hand: ProcessHand, process: NamedProcess): boolean {
  const life = hand.lifeOf(process);
  if (life !== "unseen") return life === "alive";
  const message = `process ${process.pid} lives in another pid namespace: undo it from there`;
  throw new HomeostatError("ACTION_FAILED", message);
}

/** Looked at once more right before: between the look and the signal lie microseconds. */
function send(hand: ProcessHand, process: NamedProcess, signal: NodeJS.Signals): void {
  if (isAlive(hand, process)) hand.signal(process.pid, signal);
}

const lookMs = 20;

/** Until the limit of the target ends it. */
async function until(
  holds: () => boolean | Promise<boolean>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!(await holds())) {
    await wait(clock, lookMs, signal);
    signal.throwIfAborted();
  }
}

const undoOf = (found: NamedProcess): Json => ({ ...found });

function refuse(message: string): never {
  throw new HomeostatError("OPTION_INVALID", message);
}

const pausedRules = {
  ...timingRules,
  pid: (value: unknown) =>
    typeof value === "number" ? undefined : called(value) && "a number or a function",
  hand: anything,
};

const killedRules = {
  ...pausedRules,
  ...{ restart: called, clock: anything },
  signal: oneOf("SIGKILL", "SIGTERM", "SIGINT", "SIGABRT"),
};
