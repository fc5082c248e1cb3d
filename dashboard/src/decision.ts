// Whether a line of the timeline let an action pass, held it back, or asked a person.
import type { Incident } from "../../src/model/incident.ts";
import type { TimelineEntry } from "../../src/protocol/api.ts";

export type Decision = "refused" | "waits" | "asks" | "allowed";

/**
 * The timeline carries no mark for this, so the entry is looked up among the incident's refusals
 * by the reason they share; what is found nowhere is told by its first words.
 */
export function decisionOf(
  entry: TimelineEntry,
  incident: Pick<Incident, "refusals">,
): Decision | undefined {
  if (entry.lane !== "guard") return undefined;
  const refusal = incident.refusals.find(
    ({ why }) => why.rule === entry.why?.rule && why.text === entry.why.text,
  );
  if (refusal !== undefined) return refusal.untilMs === undefined ? "refused" : "waits";
  if (/^(refus|not allowed|blocked)/i.test(entry.text)) return "refused";
  if (/^wait/i.test(entry.text)) return "waits";
  if (/^ask|approval/i.test(entry.text)) return "asks";
  return "allowed";
}
