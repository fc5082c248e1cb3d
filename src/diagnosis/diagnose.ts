// The order of the diagnosis rules: the first that has an answer decides.
import type { Answer, Case, Rule } from "./case.ts";
import { crash } from "./crash.ts";
import { exhaustion } from "./exhaustion.ts";
import { external } from "./external.ts";
import { hang } from "./hang.ts";
import { dependencyDown, slow, unknown } from "./slow.ts";

/** What is certain comes before what is likely: an exit is a fact, slowness has many causes. */
const rules: readonly Rule[] = [external, crash, exhaustion, dependencyDown, hang, slow, unknown];

export function diagnose(of: Case): Answer | undefined {
  for (const rule of rules) {
    const answer = rule(of);
    if (answer) return answer;
  }
  return undefined;
}
