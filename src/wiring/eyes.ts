// The sources that look at the machine and at what services write.
import { dirname } from "node:path";
import type { Loop } from "../controller/loop.ts";
import { serviceOf, type Target } from "../model/target.ts";
import { diskReader } from "../platforms/linux-disks.ts";
import { hostReader } from "../platforms/linux-host.ts";
import { hostSource } from "../sources/host.ts";
import { logSignals } from "../sources/log/signals.ts";
import type { Source } from "../sources/source.ts";
import type { Listening } from "./log-listen.ts";
import type { Resolved } from "./resolve.ts";
import type { ResolvedLogs } from "./resolve-logs.ts";

const hostMs = 10_000;
const linesMs = 5_000;
const newLinesMs = 1_000;

/** `stateFolder`, the folders of services and of their logs are the disks in use. */
export function hostEyes(
  stateFolder: string,
  { services, sources }: Resolved,
  signal: AbortSignal,
): Source {
  const reader = hostReader();
  signal.addEventListener("abort", reader.close, { once: true });
  const paths = [
    stateFolder,
    ...Object.values(services).map(({ cwd }) => cwd),
    ...sources.logs.map(({ file }) => dirname(file)),
  ];
  const disks = diskReader(() => paths);
  return hostSource({ figures: reader.read, disks, intervalMs: hostMs });
}

export function logEyes({ ears }: Listening, loop: Loop, logs: ResolvedLogs): Source {
  return logSignals({
    ears: () => ears,
    startedAtMs: (service) => startedAtMs(loop, service),
    calmMs: (service) => (logs.services[service] ?? logs.usual).templates.calmMs,
    lookMs: newLinesMs,
    everyMs: linesMs,
  });
}

/** Of the instance of a service that was started last. */
function startedAtMs({ mind }: Loop, service: Target): number | undefined {
  const starts = Object.values(mind.state.instances)
    .filter(({ target }) => serviceOf(target) === service)
    .map((instance) => instance.startedAtMs);
  return starts.length === 0 ? undefined : Math.max(...starts);
}
