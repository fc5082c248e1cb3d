// What only the moment and the place of the daemon can tell of a route: terms of faults, and log files.
import { dirname, join } from "node:path";
import type { Log } from "../kernel/log.ts";
import type { Route } from "../protocol/gateway.ts";
import type { Fault } from "../protocol/gateway-features.ts";

/** A fault of which the daemon says nothing more ends after 40 to 60 s. */
const termMs = 60_000;
const stepMs = 20_000;

export interface Terms {
  /** When the daemon began, and what time it is: by the clock on the wall. */
  readonly beganAtMs: number;
  readonly nowMs: number;
  /** Of the gateway itself. */
  readonly logFile: string;
}

/** The same routes, but for these; they change by themselves only while there are faults. */
export function withTerms(routes: readonly Route[], terms: Terms): readonly Route[] {
  return routes.map((route) => {
    const { faults, accessLog, service } = route;
    const file = accessLog?.file || join(dirname(terms.logFile), `${service}.access.log`);
    return {
      ...route,
      ...(faults ? { faults: faults.flatMap((fault) => withTerm(fault, terms)) } : {}),
      ...(accessLog ? { accessLog: { ...accessLog, file } } : {}),
    };
  });
}

function withTerm(fault: Fault, { beganAtMs, nowMs }: Terms): readonly Fault[] {
  const endsAtMs = beganAtMs + fault.forMs;
  if (nowMs >= endsAtMs) return [];
  const termAtMs = nowMs - (nowMs % stepMs) + termMs;
  return [{ ...fault, untilAtMs: Math.min(endsAtMs, termAtMs) }];
}

/** Tells who has faults when that changes: they must not look as if they had come by themselves. */
export function faultTeller(log: Log): (routes: readonly Route[]) => void {
  let told = "";
  return (routes) => {
    const services = routes.filter(({ faults = [] }) => faults.length > 0);
    const names = services.map(({ service }) => service).join(", ");
    if (names === told) return;
    told = names;
    if (names === "") log.info("the gateway injects no faults any more");
    else log.warn("the gateway injects faults, as the config says", { services: names });
  };
}
