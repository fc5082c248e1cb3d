// What people may order by chat, answered in sentences.
import type { Loop } from "../controller/loop.ts";
import { openIncidents } from "../controller/state.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { ChatOrders } from "../notifiers/telegram-listen.ts";
import { verdictOf } from "../server/title.ts";
import type { Operator } from "./operator.ts";

export function chatOrders(
  loop: Loop,
  operator: Pick<Operator, "pause" | "resume" | "decide">,
): ChatOrders {
  const open = () => openIncidents(loop.mind.state).flatMap(({ approvals }) => approvals);
  return {
    status: () => {
      const { state } = loop.mind;
      const asked = open().filter((it) => it.state === "open");
      const lines = asked.map(({ id, action, target }) => `${id} asks: ${action} of ${target}?`);
      return [`${state.policy.project}: ${verdictOf(state, loop.clock.now()).text}`, ...lines].join(
        "\n",
      );
    },
    pause: (by, reason) => {
      const { paused } = loop.mind.state;
      if (paused) return `Healing was stopped by ${paused.by} before: ${paused.reason}.`;
      operator.pause(by, reason === "" ? "no reason given" : reason);
      return `All healing is stopped by ${by}. Services keep running. /resume lets it go on.`;
    },
    resume: (by) => {
      if (!loop.mind.state.paused) return "Healing was not stopped.";
      operator.resume(by);
      return `Healing goes on, says ${by}.`;
    },
    decide: (id, askedAtMs, by, answer) => {
      // A journal that began anew gives the same names again: an old button must not answer for it.
      const all = Object.values(loop.mind.state.incidents).flatMap(({ approvals }) => approvals);
      const asked = all.find((it) => it.id === id && it.askedAtMs === askedAtMs);
      if (!asked) throw new HomeostatError("UNKNOWN_ID", `${id} is no question of now`);
      operator.decide(id, by, answer);
      return `${id}, ${asked.action} of ${asked.target}: ${answer === "approve" ? "approved" : "denied"} by ${by}.`;
    },
  };
}
