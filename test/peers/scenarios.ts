// The twelve defects that were found in resilience libraries, each as a scenario with its verdict.
import { breakerScenarios } from "./breakers.ts";
import { callScenarios } from "./calls.ts";
import { cockatiel } from "./cockatiel.ts";
import { type Library, type Scenario, type Verdict, verdict } from "./library.ts";
import { mollitia } from "./mollitia.ts";
import { opossum } from "./opossum.ts";
import { ours } from "./ours.ts";
import { outcome } from "./steps.ts";

export const libraries: readonly Library[] = [ours, cockatiel, opossum, mollitia];

export const scenarios: readonly Scenario[] = [...breakerScenarios, ...callScenarios].toSorted(
  (a, b) => a.n - b.n,
);

const limitMs = 20_000;

/** The verdict of one scenario; what breaks or takes for ever is a defect, too. */
export async function judge(scenario: Scenario, library: Library): Promise<Verdict> {
  const late = Promise.withResolvers<Verdict>();
  const timer = setTimeout(() => late.resolve(verdict(false, `no end in ${limitMs} ms`)), limitMs);
  const run = scenario.run(library);
  const ended = await outcome(Promise.race([run, late.promise]));
  clearTimeout(timer);
  return ended.ok ? (ended.value as Verdict) : verdict(false, `breaks: ${ended.error}`);
}
