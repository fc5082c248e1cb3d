// How a daemon hands over to its next version: at a quiet moment, in the same process, services untouched.
import type { Loop } from "../controller/loop.ts";
import type { State } from "../controller/state.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Logs } from "./logs.ts";

/** The program that comes next. */
export interface Successor {
  /**
   * Gives what takes the place of this process; what it holds open is closed then.
   * @throws USAGE when there is none, it is not the one that `nonce` names, or it cannot be run.
   */
  check(nonce: string): () => void;
}

export interface UpgradeParts {
  readonly loop: Loop;
  readonly logs: Logs;
  readonly log: Log;
  readonly stopped: AbortController;
  readonly successor: Successor;
  /** An end was asked for: it goes before. */
  readonly isEnding: () => boolean;
  readonly onBroken: (error: unknown) => void;
  /** What people have asked for and is not done yet. */
  readonly orders: () => number;
}

/** So that the answer to whoever asked leaves first. */
const answerMs = 50;

/**
 * A daemon may be killed at any moment, and the next one goes on with what runs; this is such a
 * moment that was chosen. The parent of the services and the gateway are processes of their own.
 *
 * @throws NOT_NOW while something is being done, or what {@link Successor.check} throws
 */
export function upgrade(parts: UpgradeParts, by: string, nonce: string): void {
  const { loop, log, successor, isEnding, orders } = parts;
  const busy = isEnding()
    ? "the end of everything"
    : (underWay(loop.mind.state) ?? (orders() > 0 ? "what somebody has ordered" : undefined));
  if (busy !== undefined) throw new HomeostatError("NOT_NOW", `${busy} is under way`);
  const become = successor.check(nonce);
  log.info("handing over to the next version", { by });
  handOver(parts, become).catch((error: unknown) => {
    // Half of it has stopped already: the next daemon takes over what runs.
    log.error("the next version could not take over", { reason: messageOf(error) });
    parts.onBroken(error);
  });
}

async function handOver(
  { loop, logs, stopped, isEnding }: UpgradeParts,
  become: () => void,
): Promise<void> {
  await loop.clock.sleep(answerMs);
  if (isEnding()) return;
  stopped.abort();
  await logs.close();
  if (!isEnding()) become();
}

function underWay({ incidents, instances }: State): string | undefined {
  const actions = Object.values(incidents).flatMap((incident) => incident.actions);
  const action = actions.find(({ state }) => state === "intended" || state === "started");
  if (action) return `${action.kind} of ${action.target}`;
  const stopping = Object.values(instances).find(({ state }) => state === "stopping");
  return stopping && `the stop of ${stopping.target}`;
}
