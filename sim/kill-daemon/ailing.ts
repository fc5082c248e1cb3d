// Which services are ill now: one sickness at a time for each, as in life, or no answer were right.
import { serviceOf } from "../../src/model/target.ts";

export interface Ailing {
  /** Takes in an event of the journal as the stream tells it. */
  note(text: string): void;
  /** The service fell ill; it is well again when `isOver` says so and no incident of it is open. */
  fell(service: string, isOver: () => boolean): void;
  isWell(service: string): boolean;
}

interface Told {
  readonly type: string;
  readonly subject: string;
  readonly incidentid?: string;
  readonly data: { readonly service?: string; readonly id?: string };
}

const ends = new Set(["resolved", "closed"].map((end) => `homeostat.incident.${end}`));
/** A sickness that is over without an incident was too short to be one. */
const leastMs = 3_000;
/** After an illness a service has a stable run before the next one: else two illnesses were one. */
const restMs = 5_000;

export function watchAiling(): Ailing {
  const incidents = new Map<string, string>();
  const ill = new Map<string, { readonly isOver: () => boolean; readonly sinceMs: number }>();
  const wellSince = new Map<string, number>();

  const isIll = (service: string): boolean => {
    const one = ill.get(service);
    if (one) {
      if (performance.now() - one.sinceMs < leastMs || !one.isOver()) return true;
      ill.delete(service);
    }
    return [...incidents.values()].some((other) => serviceOf(other) === service);
  };
  return {
    note: (text) => {
      const { type, incidentid, data } = JSON.parse(text) as Told;
      if (type === "homeostat.incident.opened" || type === "homeostat.incident.moved") {
        incidents.set(String(data.id), String(data.service));
      } else if (ends.has(type)) incidents.delete(String(incidentid));
    },
    fell: (service, isOver) => ill.set(service, { isOver, sinceMs: performance.now() }),
    isWell: (service) => {
      const now = performance.now();
      if (isIll(service)) wellSince.delete(service);
      else if (!wellSince.has(service)) wellSince.set(service, now);
      return now - (wellSince.get(service) ?? now) >= restMs;
    },
  };
}
