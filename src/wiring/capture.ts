// Evidence and log lines as this platform gives them: what the rest of the daemon may use of it.
import { serviceOf, type Target } from "../model/target.ts";
import type { Resolved } from "./resolve.ts";

export {
  type Asked,
  captureEarly,
  captureEvidence,
  closeLeft,
  type EarlyCapture,
  endOfLog,
  keepAsked,
  lastLines,
} from "../platforms/capture.ts";

/**
 * A loop that has not answered two probes of 100 ms needs no 400 ms more to be called blocked: it is
 * given a seventh of that, and with the usual three probes of a second the usual 400 ms.
 */
export function turnMsOf({ policy, services }: Resolved, target: Target): number | undefined {
  const name = serviceOf(target);
  const { probe, probes } = services[name] ?? {};
  const timeoutMs = (probes?.liveness ?? probe)?.timeoutMs;
  if (timeoutMs === undefined) return undefined;
  const silentMs = timeoutMs * (policy.services[name]?.probe?.failures ?? 1);
  return Math.min(400, Math.max(20, silentMs / 7));
}
