// The contract of the app's bus: what happens in one part is told to the others by type.

export type Severity = "info" | "warning" | "critical";

/** Something that happened in the app. */
export interface AppEvent<Data = unknown> {
  readonly id: string;
  /** Dotted, the general first: `system.database.failure`. */
  readonly type: string;
  /** What it happened to: a check, a feature, a worker. */
  readonly source: string;
  readonly severity: Severity;
  /** ISO 8601; for people and for other systems. */
  readonly time: string;
  readonly data: Data;
}

/** What a publisher says; the bus adds id and time. */
export interface Told<Data = unknown> {
  readonly type: string;
  readonly source: string;
  /** Default "info". */
  readonly severity?: Severity;
  readonly data?: Data;
}

export type Listener = (event: AppEvent) => void | Promise<void>;

export interface Bus {
  /** Returns when every listener was called; what they throw is logged and reaches nobody else. */
  publish(event: Told): AppEvent;
  /**
   * `pattern` is a type, or one with `*` for one part and a last `**` for all that follows:
   * `system.*.failure`, `system.**`, `**`. Listeners may come and go while an event is told: those
   * that were there when it was published hear it.
   */
  subscribe(pattern: string, listener: Listener): Disposable;
}
