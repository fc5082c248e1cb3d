// The times to end with every default filled in.
import type { Config } from "./config.ts";
import { ms } from "./defaults.ts";
import { namesOf } from "./resolve-order.ts";
import { type StopTime, stopTime, waitMsDefault } from "./stop-time.ts";

export interface ResolvedStop extends StopTime {
  /** Absent when the config does not say it. */
  readonly graceMs?: number;
}

export function toStop({ services, stop }: Config): ResolvedStop {
  const all = Object.entries(services).map(([name, { dependsOn, stop: own, port }]) => ({
    name,
    dependsOn: namesOf(dependsOn),
    waitMs: ms(own?.wait, waitMsDefault),
    routed: port !== undefined,
  }));
  const time = stopTime(all);
  return stop?.grace === undefined ? time : { ...time, graceMs: ms(stop.grace, 0) };
}
