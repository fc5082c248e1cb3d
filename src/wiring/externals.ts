// What lies outside, as the daemon deals with it: asks it, hears its watcher, and is heard by one.
import type { Loop } from "../controller/loop.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { redact } from "../kernel/redact.ts";
import { metrics, reading } from "../model/reading.ts";
import { execProbe } from "../probes/exec.ts";
import { httpProbe } from "../probes/http.ts";
import type { Probe } from "../probes/probe.ts";
import { tcpProbe } from "../probes/tcp.ts";
import type { Said } from "../server/kuma.ts";
import { verdictOf } from "../server/title.ts";
import { createExternals, type ExternalSpec, type Externals } from "../supervisor/external.ts";
import { placeForm } from "./forms.ts";
import type { DaemonOptions } from "./options.ts";
import type { Resolved } from "./resolve.ts";
import type { ResolvedExternal } from "./resolve-external.ts";

export interface Outside extends Externals {
  /** Begins the heartbeat, when there is one, and all the asking. */
  watch(signal: AbortSignal): void;
  /** What Uptime Kuma tells of a monitor. @throws UNKNOWN_ID for a monitor of no service. */
  hear(said: Said): { readonly service: string };
}

export function createOutside(
  { resolved, clock, random, log }: DaemonOptions,
  loop: Loop,
  observe: Loop["observe"],
): Outside {
  const { external, heartbeat } = resolved;
  const services = Object.values(external).map((it) => specOf(it, resolved));
  const externals = createExternals({ services, clock: loop.clock, random, log, observe });
  return {
    isReady: externals.isReady,
    watch: (signal) => {
      externals.watch(signal);
      if (!heartbeat) return;
      const verdict = (): string => verdictOf(loop.mind.state, loop.clock.now()).text;
      void beat(heartbeat, { clock, random, log }, verdict, signal);
    },
    hear: ({ monitor, isUp, note }) => {
      const known = Object.values(external).filter(({ kuma }) => kuma !== undefined);
      const service = known.find(({ kuma }) => kuma === monitor)?.name;
      if (service === undefined) {
        const names = known.map(({ kuma }) => `"${kuma}"`).join(", ") || "none";
        const message = `no service of external is watched by the monitor "${monitor}"; known: ${names}`;
        throw new HomeostatError("UNKNOWN_ID", message);
      }
      const text = `Uptime Kuma: ${note}`;
      const value = isUp ? 1 : 0;
      observe([reading(service, metrics.watcher, value, loop.clock.now(), text)], true);
      return { service };
    },
  };
}

/** Read when there is somebody to be told. An address that cannot be was found with the config. */
async function beat(
  heartbeat: NonNullable<Resolved["heartbeat"]>,
  around: Pick<DaemonOptions, "clock" | "random" | "log">,
  verdict: () => string,
  signal: AbortSignal,
): Promise<void> {
  const { heartbeatPing } = await import("../runtime/outside/heartbeat.ts");
  const { hostLine, systemHost } = await import("../runtime/outside/heartbeat-body.ts");
  const body = (): string => `${hostLine(systemHost())}\nhomeostat: ${redact(verdict())}`;
  const beating = heartbeatPing({ ...heartbeat, ...around, body }).start();
  const end = (): void => beating[Symbol.dispose]();
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
}

function specOf(external: ResolvedExternal, { folder }: Resolved): ExternalSpec {
  const { name, periodMs, timeoutMs } = external;
  const probe = probeOf(external, folder);
  // Those who ask one address of many machines shall not ask it at one moment.
  return probe ? { name, probe: { probe, periodMs, timeoutMs, jitter: 0.1 } } : { name };
}

function probeOf({ http, tcp, exec }: ResolvedExternal, folder: string): Probe | undefined {
  if (exec) return execProbe({ command: exec, cwd: folder });
  if (http !== undefined) return httpOf(new URL(http));
  const { six, name, port } = (tcp === undefined ? undefined : placeForm.exec(tcp)?.groups) ?? {};
  const host = six ?? name;
  return host === undefined ? undefined : tcpProbe({ host, port: Number(port) });
}

function httpOf({ protocol, hostname, port, pathname, search }: URL): Probe {
  // An IPv6 address stands in brackets in a URL only.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const isSecure = protocol === "https:";
  return httpProbe({
    ...{ host, path: pathname + search, port: port === "" ? (isSecure ? 443 : 80) : Number(port) },
    headers: { host: port === "" ? hostname : `${hostname}:${port}` },
    ...(isSecure ? { tls: { serverName: host } } : {}),
  });
}
