// What a line of the timeline means beyond its lane: held back, asked, failed, handed over, over.
import type { Incident } from "../../src/model/incident.ts";
import type { TimelineEntry } from "../../src/protocol/api.ts";

export type Decision = "refused" | "waits" | "asks" | "failed" | "escalated" | "cleared";

/** The words that the daemon's timeline uses, per lane; the first that fits counts. */
const words: readonly (readonly [TimelineEntry["lane"], RegExp, Decision])[] = [
  ["guard", /^refused|denied by|not answered/i, "refused"],
  ["guard", /^waits/i, "waits"],
  ["guard", /\basks\b/i, "asks"],
  ["action", /: failed\b|: never ran/, "failed"],
  ["verify", /: (not-helped|undone)\b/, "failed"],
  ["end", /handed to a person/, "escalated"],
  ["symptom", / no longer: /, "cleared"],
];

/**
 * The timeline carries no mark for this, so a guard's entry is looked up among the incident's
 * refusals by the reason they share; the others are told by their words.
 */
export function decisionOf(
  entry: TimelineEntry,
  incident: Pick<Incident, "refusals">,
): Decision | undefined {
  const refusal = incident.refusals.find(
    ({ why }) => why.rule === entry.why?.rule && why.text === entry.why.text,
  );
  if (entry.lane === "guard" && refusal !== undefined) {
    return refusal.untilMs === undefined ? "refused" : "waits";
  }
  return words.find(([lane, word]) => lane === entry.lane && word.test(entry.text))?.[2];
}
