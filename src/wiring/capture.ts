// Captures the evidence that a diagnosis asks for, as far as the target still lives.
import type { Clock } from "../kernel/clock.ts";
import type { EvidenceWanted } from "../model/diagnosis.ts";
import type { Evidence } from "../model/evidence.ts";
import { captureBlockedStack, captureProcess } from "../platforms/capture.ts";
import { lastLines } from "../platforms/capture-lines.ts";

export { lastLines };

export async function captureEvidence(options: {
  readonly wanted: EvidenceWanted;
  readonly pid: number | undefined;
  readonly logFile: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<Evidence> {
  const { wanted, pid, logFile, clock, signal } = options;
  const { target, kind } = wanted;
  if (kind === "last-lines") {
    const lines = lastLines(logFile, 20);
    return { kind, target, summary: lines.at(-1) ?? "it wrote nothing", lines, tookMs: 0 };
  }
  if (pid === undefined) {
    return { kind, target, summary: `${target} has no process any more`, lines: [], tookMs: 0 };
  }
  if (kind === "process") return { ...captureProcess({ pid, clock }), kind, target };
  return { ...(await captureBlockedStack({ pid, clock, signal })), kind, target };
}
