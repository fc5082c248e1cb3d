// How a daemon hands over to its next version: at a quiet moment, in the same process, services untouched.
import type { Loop } from "../controller/loop.ts";
import type { State } from "../controller/state.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Logs } from "./logs.ts";

/** The program that comes next. */
export interface Successor {
  /** @throws USAGE when there is none, or it cannot be run. */
  check(): void;
  /** Takes the place of this process; what it holds open is closed. */
  become(): void;
}

export interface UpgradeParts {
  readonly loop: Loop;
  readonly logs: Logs;
  readonly log: Log;
  readonly stopped: AbortController;
  readonly successor: Successor;
}

/** So that the answer to whoever asked leaves first. */
const answerMs = 50;

/**
 * A daemon may be killed at any moment, and the next one goes on with what runs; this is such a
 * moment that was chosen. The parent of the services and the gateway are processes of their own.
 *
 * @throws NOT_NOW while something is being done, or what {@link Successor.check} throws
 */
export function upgrade({ loop, logs, log, stopped, successor }: UpgradeParts, by: string): void {
  const busy = underWay(loop.mind.state);
  if (busy !== undefined) throw new HomeostatError("NOT_NOW", `${busy} is under way`);
  successor.check();
  log.info("handing over to the next version", { by });
  void loop.clock.sleep(answerMs).then(async () => {
    stopped.abort();
    await logs.close();
    successor.become();
  });
}

function underWay({ incidents, instances }: State): string | undefined {
  const actions = Object.values(incidents).flatMap((incident) => incident.actions);
  const action = actions.find(({ state }) => state === "intended" || state === "started");
  if (action) return `${action.kind} of ${action.target}`;
  const stopping = Object.values(instances).find(({ state }) => state === "stopping");
  return stopping && `the stop of ${stopping.target}`;
}
