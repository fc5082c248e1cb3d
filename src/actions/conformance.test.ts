// Every action of ours keeps to the contract.
import type { Intent } from "../model/action.ts";
import { because } from "../model/reason.ts";
import {
  type ActionUnderTest,
  actionConformance,
  type Deed,
} from "../testing/action-conformance.ts";
import { degradeAction, restoreAction } from "./degrade.ts";
import { pageAction } from "./page.ts";
import { restartAction } from "./restart.ts";
import { rollbackAction } from "./rollback.ts";
import { startAction } from "./start.ts";

const intend = (kind: Intent["kind"], target: string, more: Partial<Intent> = {}): Intent => ({
  id: "A7",
  incident: "3",
  kind,
  target,
  ladder: 1,
  rung: 0,
  why: because("ladder", "1 rung is tried"),
  ...more,
});

const hands = (deed: Deed): Parameters<typeof restartAction>[0] => ({
  start: (target) => deed(`start ${target}`),
  stop: async (target, _how, step) => {
    await deed(`stop ${target}`);
    step(`${target} ended`, 10);
  },
});

const starts: ActionUnderTest = {
  make: (deed) => startAction(hands(deed)),
  intent: intend("start", "web/1"),
};
actionConformance("start", starts);

const restarts: ActionUnderTest = {
  make: (deed) => restartAction(hands(deed)),
  intent: intend("restart", "web/1"),
};
actionConformance("restart", restarts);
actionConformance("restart of what cannot finish anything", {
  ...restarts,
  intent: intend("restart", "web/1", { stopWaitMs: 100 }),
});

const rollsBack = (missing: readonly string[]): ActionUnderTest => ({
  make: (deed) =>
    rollbackAction({
      restoreFile: (service, file, version) => deed(`${file} of ${service}: ${version}`),
      startMissing: async (service) => {
        await deed(`start the missing of ${service}`);
        return missing;
      },
    }),
  intent: intend("rollback", "web", {
    restoreFile: { file: "web.json", version: "0123456789abcdef" },
  }),
});
actionConformance("rollback", rollsBack(["web/1", "web/2"]));
actionConformance("rollback when all instances run", rollsBack([]));

const inStep = (deed: Deed): Parameters<typeof degradeAction>[0] => ({
  gatewayInStep: () => deed("the gateway takes the routes"),
});
actionConformance("degrade", {
  make: (deed) => degradeAction(inStep(deed)),
  intent: intend("degrade", "web"),
});
actionConformance("restore", {
  make: (deed) => restoreAction(inStep(deed)),
  intent: intend("restore", "web", { undoes: "A6" }),
});

const pages = (...names: readonly string[]): ActionUnderTest => ({
  make: (deed) =>
    pageAction({
      ways: names.map((name) => ({ name, tell: (incident) => deed(`${name}: ${incident}`) })),
    }),
  intent: intend("page", "web"),
});
actionConformance("page", pages("log"));
actionConformance("page by three ways", pages("log", "mail", "chat"));
