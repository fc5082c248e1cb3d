// Causes the fault of a drill, and takes it back.
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { DrillPlan } from "../../protocol/drills.ts";
import { firewallBlock } from "../../runtime/chaos/targets/firewall.ts";
import { pausedProcess } from "../../runtime/chaos/targets/process.ts";
import { systemHand } from "../../runtime/chaos/targets/process-hand.ts";
import { lasting } from "../../wiring/drill-undo.ts";
import type { Where } from "../context.ts";
import { prepareNext } from "./drill-next.ts";

export interface Fault {
  cause(): Promise<void>;
  /** Bears being called when nothing was caused, and twice. */
  takeBack(): Promise<void>;
}

/** Nothing is touched yet. @throws NOT_NOW for what cannot be caused now. */
export function faultOf(plan: DrillPlan, where: Where, startsNext: boolean): Fault {
  const { kind, pids, place } = plan;
  const passes = async (): Promise<void> => {};
  switch (kind) {
    case "stop":
      return { cause: async () => signalAll(pids, "SIGTERM"), takeBack: passes };
    case "freeze": {
      const [pid] = pids;
      if (pid === undefined) throw absent(plan);
      const paused = lasting(where.state, "freeze", pausedProcess({ pid }), systemClock);
      return { cause: paused.disrupt, takeBack: paused.recover };
    }
    case "network": {
      if (!place) throw absent(plan);
      const cut = lasting(where.state, "network", firewallBlock({ ...place }), systemClock);
      return { cause: cut.disrupt, takeBack: cut.recover };
    }
    case "daemon":
    case "reboot": {
      if (pids.length === 0) throw absent(plan);
      const next = startsNext ? prepareNext(where) : undefined;
      return {
        cause: async () => {
          signalAll(pids, "SIGKILL");
          next?.go();
        },
        takeBack: passes,
      };
    }
    default:
      if (pids.length === 0) throw absent(plan);
      return { cause: async () => signalAll(pids, "SIGKILL"), takeBack: passes };
  }
}

/** The daemon comes first in the list of all: it must not see what comes after. */
function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  const hand = systemHand();
  const named = pids.flatMap((pid) => hand.identify(pid) ?? []);
  if (named.length === 0) {
    throw new HomeostatError("NOT_NOW", `process ${pids.join(", ")} is not there any more`);
  }
  for (const one of named) if (hand.lifeOf(one) === "alive") hand.signal(one.pid, signal);
}

function absent({ kind, target }: DrillPlan): HomeostatError {
  return new HomeostatError("NOT_NOW", `${target} has no process now: there is nothing to ${kind}`);
}
