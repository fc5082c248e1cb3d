// The one place that decides whether chaos may disturb anything.
import { inProduction } from "../../kernel/environment.ts";

export interface Locks {
  /** The first lock: nothing is disrupted unless this is true. Default false. */
  readonly armed?: boolean;
  /** The second lock: where NODE_ENV is "production" nothing is disrupted unless this is true. */
  readonly production?: boolean;
}

export interface Gate {
  /** Asked before each disruption: NODE_ENV may have been set after the start. */
  readonly open: boolean;
  readonly reason: string;
}

/** Reads NODE_ENV when it is called. Whatever else asks whether chaos may act has to ask here. */
export function decide({ armed, production }: Locks): Gate {
  if (armed !== true) return { open: false, reason: "it is not armed" };
  if (!inProduction()) return { open: true, reason: "armed, and this is not production" };
  if (production === true) return { open: true, reason: "armed for production" };
  return { open: false, reason: 'NODE_ENV is "production" and "production: true" is not set' };
}
