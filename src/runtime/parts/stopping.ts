// What the parts of an app see of its life: one signal, one way to die, steps of an orderly end.

export interface Stopping {
  /** Aborts when the app begins to stop; every wait in the app ends with it. */
  readonly signal: AbortSignal;
  readonly stopping: boolean;
  /**
   * Begins to stop with an exit code that is not 0. The first cause wins, later ones are kept beside
   * it. Never throws, may be called again.
   */
  die(cause: unknown): void;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when the app stops. */
  sleep(ms: number): Promise<void>;
  /**
   * Work to do when the app stops; the stages follow one another, steps of one stage run at once.
   * A step that takes longer than `limitMs` (default 5,000) is left behind and named in the log.
   */
  onStop(name: string, stage: Stage, work: () => unknown, limitMs?: number): Disposable;
}

/** In this order. */
export const stages = [
  "unready",
  "drain",
  "workers",
  "chaos",
  "recoveries",
  "resources",
  "reporters",
] as const;

export type Stage = (typeof stages)[number];
