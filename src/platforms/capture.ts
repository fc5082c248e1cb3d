// Captures evidence about an instance before anything is done to it: stack, process or last lines.
import type { Clock } from "../kernel/clock.ts";
import type { EvidenceWanted } from "../model/diagnosis.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Asked } from "./capture-asked.ts";
import { captureBlockedStack } from "./capture-blocked.ts";
import { lastLines } from "./capture-lines.ts";
import { type Capture, captureProcess } from "./capture-process.ts";

export { type Asked, keepAsked } from "./capture-asked.ts";
export {
  type BlockedStackOptions,
  captureBlockedStack,
  captureEarly,
  type EarlyCapture,
} from "./capture-blocked.ts";
export { endOfLog, lastLines } from "./capture-lines.ts";
export { type Capture, captureProcess } from "./capture-process.ts";
export { closeLeft } from "./inspector-close.ts";

export interface CaptureOptions {
  readonly wanted: EvidenceWanted;
  /** The leader of the instance; absent when it does not run. */
  readonly pid?: number | undefined;
  readonly logFile: string;
  readonly clock: Clock;
  /** Ends the capture early; what is known by then is the evidence. */
  readonly signal: AbortSignal;
  /** The life of the daemon: see {@link captureBlockedStack}. */
  readonly background?: AbortSignal;
  /** The same: {@link captureBlockedStack}. */
  readonly turnMs?: number | undefined;
  /** The same. */
  readonly asked?: Asked;
}

/** Lines of a log that are kept as evidence. */
const logLines = 40;

/** Takes at most 2500 ms, and never throws for what is the doing of the process or its log. */
export async function captureEvidence(options: CaptureOptions): Promise<Evidence> {
  return { ...(await captureKind(options)), target: options.wanted.target };
}

async function captureKind(options: CaptureOptions): Promise<Capture> {
  const { wanted, pid, clock } = options;
  if (wanted.kind === "last-lines") return captureLines(options);
  if (pid === undefined) {
    return { kind: wanted.kind, summary: "no process runs", lines: [], tookMs: 0 };
  }
  if (wanted.kind === "process") return captureProcess({ pid, clock });
  const { signal, background, turnMs, asked } = options;
  return captureBlockedStack({
    ...{ pid, clock, signal },
    ...(background && { background }),
    ...(asked && { asked }),
    ...(turnMs === undefined ? {} : { turnMs }),
  });
}

function captureLines({ logFile, clock }: CaptureOptions): Capture {
  const startedAt = clock.now();
  const lines = lastLines(logFile, logLines);
  const last = lines.findLast((line) => line.trim() !== "")?.trim() ?? "";
  const summary = last === "" ? "the log is empty" : `last line: ${last.slice(0, 160)}`;
  return { kind: "last-lines", summary, lines, tookMs: Math.round(clock.now() - startedAt) };
}
