// What a person has to do about an incident: mostly nothing, and then it says so.
import type { IncidentDetail, StateView } from "../../src/protocol/api.ts";

export interface Advice {
  readonly needed: boolean;
  readonly text: string;
  readonly because: string;
}

const nothing = "No action needed.";

export function adviceFor(
  detail: IncidentDetail,
  now: Pick<StateView, "paused" | "approvals">,
): Advice {
  const { incident } = detail;
  const ending = incident.ending?.text ?? "";
  if (detail.state === "resolved" || detail.state === "closed") {
    return { needed: false, text: nothing, because: ending };
  }
  const asked = now.approvals.find(
    (approval) => approval.incident === detail.id && approval.state === "open",
  );
  if (asked !== undefined) {
    const text = `Your answer is needed: ${asked.action} ${asked.target}?`;
    return { needed: true, text, because: "Approve or deny it above." };
  }
  if (detail.state === "escalated") {
    const because = ending || (incident.standing?.why.text ?? "");
    return { needed: true, text: "You are needed: Homeostat has stopped trying.", because };
  }
  if (now.paused !== undefined) {
    const because = "Resume, or heal it by hand.";
    return { needed: true, text: "Healing is stopped: nothing is done about this.", because };
  }
  if (incident.standing !== undefined) return held(incident.standing);
  if (incident.mitigatedBy !== undefined) {
    const because = "The gateway answers for the service until its cause has passed.";
    return { needed: false, text: nothing, because };
  }
  return { needed: false, text: nothing, because: "Homeostat is working on it." };
}

function held(standing: NonNullable<IncidentDetail["incident"]["standing"]>): Advice {
  const what = `${standing.action} ${standing.target}`;
  return standing.untilMs === undefined
    ? {
        needed: true,
        text: `Look at it if it lasts: ${what} was refused.`,
        because: standing.why.text,
      }
    : { needed: false, text: `${nothing} It waits to ${what}.`, because: standing.why.text };
}
