// Processes that ended: a crash, a crash loop, or a change that the service cannot live with.
import type { Change } from "../model/change.ts";
import type { Reason } from "../model/reason.ts";
import { type Answer, type Case, type CaseInstance, count, diagnosis } from "./case.ts";

/** Exits since a change that make the change the suspect: the first may be its reload. */
const exitsThatAccuse = 2;

export function crash(of: Case): Answer | undefined {
  const symptom = of.own.find((other) => other.kind === "exit" || other.kind === "crash-loop");
  if (!symptom) return undefined;
  const down = of.instances.filter((other) => other.state === "down" && !other.exit?.expected);
  const worst = of.instances.toSorted((a, b) => b.shortRuns - a.shortRuns)[0];
  if (!worst) return undefined;
  const lines = (down[0] ?? worst).exit?.lastLines.filter((line) => line.trim() !== "") ?? [];
  const said = lines.length === 0 ? [] : [lastWords(lines)];
  const change = of.changes.findLast((other) => isSuspect(of, other));
  if (change && worst.shortRuns + 1 >= exitsThatAccuse && worst.shortRuns > 0) {
    return badChange(of, change, worst, said);
  }
  if (worst.shortRuns >= of.loopExits) {
    const text = `${of.service} keeps ending soon after its start`;
    const why = count(
      "crash-loop",
      `${worst.shortRuns} short runs in a row`,
      worst.shortRuns,
      of.loopExits,
    );
    return diagnosis(of, "crash-loop", of.service, text, [why, ...said]);
  }
  const names = (down.length === 0 ? [worst] : down).map((other) => other.target);
  const how = (down[0] ?? worst).exit?.text ?? "ended";
  const text = `${names.join(" and ")} crashed: ${how}`;
  const why = { ...symptom.why, text: `${symptom.target} ended: ${how}` };
  const target = names.length === 1 ? (names[0] ?? of.service) : of.service;
  return diagnosis(of, "crash", target, text, [why, ...said]);
}

/** Unproven, and there is something proven to go back to. */
function isSuspect(of: Case, change: Change): boolean {
  if (change.what !== "config" || change.file === undefined) return false;
  const proven = of.proven[change.file]?.version;
  return proven !== undefined && proven !== change.version;
}

function badChange(of: Case, change: Change, worst: CaseInstance, said: readonly Reason[]): Answer {
  const ageMs = of.nowMs - change.atMs;
  const text = `${of.service} cannot live with the new ${change.file}`;
  const why: Reason = {
    rule: "recent-change",
    text: `${change.file} changed ${(ageMs / 1_000).toFixed(1)} s ago; since then ${worst.target} ended ${worst.shortRuns} times soon after its start`,
    value: worst.shortRuns,
    limit: 1,
    unit: "count",
  };
  return diagnosis(of, "bad-change", of.service, text, [why, ...said]);
}

function lastWords(lines: readonly string[]): Reason {
  const last = lines.at(-1) ?? "";
  return count("last-words", `its last line: ${last.slice(0, 200)}`, lines.length, 0);
}
