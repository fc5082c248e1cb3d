// Processes that run but do not answer well: hung, stuck, or all sick from one common cause.
import { because } from "../model/reason.ts";
import type { Symptom } from "../model/symptom.ts";
import { type Answer, type Case, diagnosis, fresh } from "./case.ts";

export function hang(of: Case): Answer | undefined {
  const all = of.own.filter(
    (other) =>
      (other.kind === "unresponsive" || other.kind === "failing") && other.target.includes("/"),
  );
  // One instance may show two signs: it is one sick instance all the same.
  const sick = all.filter((it, i) => all.findIndex((other) => other.target === it.target) === i);
  const first = sick[0];
  if (!first) return undefined;
  const wanted = { kind: "blocked-stack" as const, target: first.target };
  const evidence = fresh(of, wanted, first);
  if (!evidence) return { kind: "want", wanted: [wanted] };
  const seen = because("evidence", evidence.summary, evidence.tookMs, 2_500);
  if (isCommon(of, sick)) {
    const size = of.instances.length;
    const text = `${sick.length} of ${size} instances of ${of.service} have the same symptom: a common cause`;
    const why = because("common-cause", text, sick.length, Math.ceil(size / 2));
    return diagnosis(of, "common-cause", of.service, text, [why, first.why, seen]);
  }
  if (evidence.blocked === false || first.kind === "failing") {
    const text = `${first.target} is stuck: ${noteOf(first)}`;
    return diagnosis(of, "stuck", first.target, text, [first.why, seen]);
  }
  const text = `${first.target} hangs: ${evidence.summary}`;
  return diagnosis(of, "hang", first.target, text, [first.why, seen]);
}

/** Half of the group or more, and at least two: one of one is no pattern. */
function isCommon(of: Case, sick: readonly Symptom[]): boolean {
  return sick.length >= 2 && sick.length * 2 >= of.instances.length;
}

function noteOf(symptom: Symptom): string {
  const colon = symptom.why.text.indexOf(": ");
  return colon < 0 ? symptom.why.text : symptom.why.text.slice(colon + 2);
}
