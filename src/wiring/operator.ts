// What people can tell the daemon: stop healing, go on, decide a question, order services.
import type { Loop } from "../controller/loop.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Approval } from "../model/refusal.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import { mustWrite, type ServiceOrders, serviceOrders } from "./operator-services.ts";

export interface Operator extends ServiceOrders {
  pause(by: string, reason: string): void;
  resume(by: string): void;
  /** @throws UNKNOWN_ID, or APPROVAL_CLOSED when it was decided before. */
  decide(approval: string, by: string, answer: "approve" | "deny"): void;
}

export function createOperator(loop: Loop, supervisor: Supervisor): Operator {
  const project = (): string => loop.mind.state.policy.project;
  return {
    pause: (by, reason) => {
      mustWrite(loop);
      if (loop.mind.state.paused) return;
      loop.emit({ type: "operator.paused", subject: project(), data: { by, reason } });
    },
    resume: (by) => {
      mustWrite(loop);
      if (!loop.mind.state.paused) return;
      loop.emit({ type: "operator.resumed", subject: project(), data: { by } });
    },
    decide: (id, by, answer) => {
      mustWrite(loop);
      const approval = find(loop, id);
      if (approval.state !== "open") {
        const who = approval.by === undefined ? "" : ` by ${approval.by}`;
        throw new HomeostatError("APPROVAL_CLOSED", `${id} was already ${approval.state}${who}`);
      }
      const type =
        answer === "approve" ? ("operator.approved" as const) : ("operator.denied" as const);
      const { target: subject, incident } = approval;
      loop.emit({ type, subject, incident, data: { approval: id, by } });
    },
    ...serviceOrders(loop, supervisor),
  };
}

function find(loop: Loop, id: string): Approval {
  const all = Object.values(loop.mind.state.incidents).flatMap((incident) => incident.approvals);
  const approval = all.find((other) => other.id.toLowerCase() === id.toLowerCase());
  if (approval) return approval;
  const open = all.filter((other) => other.state === "open").map((other) => other.id);
  const known = open.length === 0 ? "none is open" : `open: ${open.join(", ")}`;
  throw new HomeostatError("UNKNOWN_ID", `there is no approval ${id}; ${known}`);
}
