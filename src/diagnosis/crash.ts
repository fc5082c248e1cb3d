// Processes that ended: a crash, a crash loop, or a change that the service cannot live with.
import type { Change } from "../model/change.ts";
import { because, type Reason } from "../model/reason.ts";
import type { Symptom } from "../model/symptom.ts";
import { type Answer, type Case, type CaseInstance, diagnosis } from "./case.ts";

export function crash(of: Case): Answer | undefined {
  const symptom = of.own.find(isEnd);
  if (!symptom) return undefined;
  const down = of.instances.filter((other) => other.state === "down" && !other.exit?.expected);
  const worst = down.toSorted((a, b) => b.shortRuns - a.shortRuns)[0];
  // Something has started it: it becomes ready, or ends again, or shows that it does not start.
  if (!worst) return of.own.every(isEnd) ? { kind: "wait" } : undefined;
  const lines = worst.exit?.lastLines.filter((line) => line.trim() !== "") ?? [];
  const said = lines.length === 0 ? [] : [lastWords(lines)];
  const change = of.changes.findLast((other) => isSuspect(of, other, worst));
  if (change) return badChange(of, change, worst, said);
  if (of.isJob) {
    const how = worst.exit?.text ?? "ended";
    return diagnosis(of, "crash", of.service, `${of.service} failed: ${how}`, [
      symptom.why,
      ...said,
    ]);
  }
  if (worst.shortRuns >= of.loopExits) {
    const text = `${of.service} keeps ending soon after its start`;
    const why = because(
      "crash-loop",
      `${worst.shortRuns} short runs in a row`,
      worst.shortRuns,
      of.loopExits,
    );
    return diagnosis(of, "crash-loop", of.service, text, [why, ...said]);
  }
  const names = down.map((other) => other.target);
  const how = worst.exit?.text ?? "ended";
  const text = `${names.join(" and ")} crashed: ${how}`;
  const why = { ...symptom.why, text: `${worst.target} ended: ${how}` };
  const target = names.length === 1 ? worst.target : of.service;
  return diagnosis(of, "crash", target, text, [why, ...said]);
}

function isEnd({ kind }: Symptom): boolean {
  return kind === "exit" || kind === "crash-loop";
}

/**
 * Unproven, with something proven to go back to, and with all of the short runs after it: what had
 * begun before a change does not come from it, and may be what the change is to mend.
 */
function isSuspect(of: Case, change: Change, { shortRuns, shortSinceMs }: CaseInstance): boolean {
  if (change.what !== "config" || change.file === undefined) return false;
  const proven = of.proven[change.file]?.version;
  if (proven === undefined || proven === change.version) return false;
  return shortRuns > 0 && (shortSinceMs ?? 0) >= change.atMs;
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
  return because("last-words", `its last line: ${last.slice(0, 200)}`, lines.length, 0);
}
