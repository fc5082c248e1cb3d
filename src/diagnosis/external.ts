// Services that run elsewhere: that they are sick is the whole diagnosis, and nobody here can mend it.
import { because } from "../model/reason.ts";
import { type Answer, type Case, diagnosis } from "./case.ts";

export function external(of: Case): Answer | undefined {
  if (!of.isExternal) return undefined;
  const symptom = of.own[0];
  if (!symptom) return { kind: "wait" };
  const isAsked = of.own.some(({ kind }) => kind !== "silent");
  const text = isAsked
    ? `${of.service} is sick, and runs outside of what Homeostat can mend: ${symptom.why.text}`
    : `how ${of.service} is cannot be asked: ${symptom.why.text}`;
  const where = because("external", `${of.service} is watched and never started or stopped`, 1, 0);
  return diagnosis(of, "external-down", of.service, text, [
    symptom.why,
    where,
    ...of.own.slice(1).map((other) => other.why),
  ]);
}
