// The actions of the daemon, each given the narrow slice of hands that it needs.
import type { Action } from "../actions/action.ts";
import { degradeAction, restoreAction } from "../actions/degrade.ts";
import { type PageHands, pageAction } from "../actions/page.ts";
import { restartAction } from "../actions/restart.ts";
import { rollbackAction } from "../actions/rollback.ts";
import { startAction } from "../actions/start.ts";
import type { Traits } from "../controller/act.ts";
import type { Loop } from "../controller/loop.ts";
import { downInstances } from "../controller/state.ts";
import type { ActionKind } from "../model/action.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import type { ConfigFiles } from "./config-files.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import type { Resolved } from "./resolve.ts";
import { routesOf } from "./routes.ts";

export interface Hands extends PageHands {
  readonly supervisor: Supervisor;
  readonly gateway: GatewayProcess;
  readonly files: ConfigFiles;
  readonly loop: Loop;
  readonly resolved: Resolved;
}

export type Actions = Readonly<Record<ActionKind, Action>>;

export function actionsOf(hands: Hands): Actions {
  const { supervisor, gateway, files, loop, resolved } = hands;
  const inStep = {
    gatewayInStep: () => {
      gateway.sync(routesOf(loop.mind.state, resolved));
      return gateway.inStep();
    },
  };
  return {
    start: startAction(supervisor),
    restart: restartAction(supervisor),
    rollback: rollbackAction({
      restoreFile: async (service, file, version, by) => files.restore(service, file, version, by),
      startMissing: async (service, by) => {
        const missing = downInstances(loop.mind.state, service);
        await Promise.all(missing.map((target) => supervisor.start(target, by)));
        return missing;
      },
    }),
    degrade: degradeAction(inStep),
    restore: restoreAction(inStep),
    page: pageAction(hands),
  };
}

/** Facts of each action for the guards; they do not depend on any hands. */
export const traits: Traits = factsOf();

function factsOf(): Traits {
  const none = (): never => {
    throw new TypeError("an action's facts were asked for, not its hands");
  };
  const hands = { start: none, stop: none, gatewayInStep: none, ways: [] };
  const all = [
    startAction(hands),
    restartAction(hands),
    rollbackAction({ restoreFile: none, startMissing: none }),
    degradeAction(hands),
    restoreAction(hands),
    pageAction(hands),
  ];
  return Object.fromEntries(all.map((action) => [action.name, action.traits])) as Traits;
}
