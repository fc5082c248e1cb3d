// Makes the probes that a config asks for: the only place that names their kinds.
import { resolve } from "node:path";
import { parseDuration } from "../kernel/duration.ts";
import { indexOf } from "../model/target.ts";
import { execProbe } from "../probes/exec.ts";
import { fileProbe } from "../probes/file.ts";
import { grpcProbe } from "../probes/grpc.ts";
import { type HttpProbeOptions, httpProbe, type TlsOptions } from "../probes/http.ts";
import { linkProbe, type Said } from "../probes/link.ts";
import { type NotifyEar, notifyProbe } from "../probes/notify.ts";
import type { Probe, ProbeTarget } from "../probes/probe.ts";
import { tcpProbe } from "../probes/tcp.ts";
import type { ProbeSchedule, Probes } from "../supervisor/prober.ts";
import type { HttpProbeConfig, HttpsConfig, ProbeOfKindConfig } from "./config-probes.ts";
import { type Filling, fill } from "./placeholders.ts";
import type { ResolvedService } from "./resolve.ts";
import { type ProbeOfKind, probesDefaults } from "./resolve-probes.ts";
import { notifyOptions } from "./sd-notify.ts";

/** What an app says of itself, for probes of kind link. */
export interface Hearing {
  readonly said: (target: string) => Said | undefined;
  readonly problem: () => string | undefined;
}

/** What instances say by sd_notify beside that. */
export interface Ears extends Hearing {
  readonly notify: NotifyEar;
}

/** A service, and how many instances of it there are. */
export interface Asked extends ResolvedService {
  readonly replicas: number;
}

export function probesOf(service: Asked, hearing: Ears): Probes | undefined {
  const { probes } = service;
  if (!probes) return undefined;
  const make = (given: ProbeOfKind): ProbeSchedule => {
    const { kind, ...schedule } = given;
    const probe =
      kind.notify === undefined
        ? probeOfKind(kind, service, hearing)
        : notifyProbe(notifyOptions(hearing.notify, probes, given));
    return { ...schedule, probe };
  };
  const { startup, readiness, liveness } = probes;
  return {
    ...(startup && { startup: make(startup) }),
    ...(readiness && { readiness: make(readiness) }),
    ...(liveness && { liveness: make(liveness) }),
  };
}

/** The one of the short form. */
export function probeOf(service: Asked, hearing: Hearing): Probe | undefined {
  return service.probe && probeOfKind(service.probe, service, hearing);
}

function probeOfKind(
  { http, tcp, exec, grpc, file, link }: ProbeOfKindConfig,
  service: Asked,
  hearing: Hearing,
): Probe {
  if (typeof http === "string") return httpProbe({ path: http });
  if (http) return httpProbe(httpOptions(http));
  if (exec) return inPlace(service, exec);
  if (grpc) return grpcProbe(grpc === true ? {} : grpc);
  if (file) {
    const path = (of: ProbeTarget): string =>
      resolve(fill(service.cwd, fillingOf(service, of)), fill(file.path, fillingOf(service, of)));
    return fileProbe({ path, maxAgeMs: parseDuration(file.maxAge) ?? 0 });
  }
  if (link !== undefined) {
    const { says, within = probesDefaults.withinMs } =
      typeof link === "string" ? { says: link } : link;
    const withinMs = parseDuration(within) ?? probesDefaults.withinMs;
    return linkProbe({ word: says, withinMs, ...hearing });
  }
  return tcpProbe(tcp === true || tcp === undefined ? {} : tcp);
}

/** In the folder of the instance that is asked, which may be another one for each. */
function inPlace(service: Asked, command: readonly string[]): Probe {
  const { cwd, env } = service;
  return {
    name: "exec",
    check: (of, ctx) => {
      const filling = fillingOf(service, of);
      const values = Object.entries(env).map(([key, value]) => [key, fill(value, filling)]);
      const place = { cwd: fill(cwd, filling), env: Object.fromEntries(values) };
      return execProbe({ command: command.map((it) => fill(it, filling)), ...place }).check(
        of,
        ctx,
      );
    },
  };
}

function fillingOf({ name, replicas }: Asked, { target, port }: ProbeTarget): Filling {
  const index = indexOf(target);
  return { index, name, replicas, ...(port === undefined ? {} : { port }) };
}

function httpOptions({ https, ...rest }: HttpProbeConfig): HttpProbeOptions {
  return https === undefined ? rest : { ...rest, tls: tlsOptions(https === true ? {} : https) };
}

function tlsOptions({ ca, insecure, name }: HttpsConfig): TlsOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(name === undefined ? {} : { serverName: name }),
  };
}
