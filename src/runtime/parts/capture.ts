// The contract of a reporter: where errors go that somebody should look at.
import type { Fields } from "../../kernel/log.ts";

export interface Report {
  readonly error: unknown;
  /** The part of the app it happened in. */
  readonly source: string;
  readonly fatal: boolean;
  readonly time: string;
  readonly context: Fields;
}

export interface Reporter {
  readonly name: string;
  capture(report: Report): void | Promise<void>;
  /** Resolves when what was captured has left, or when `signal` aborts. */
  flush?(signal: AbortSignal): Promise<void>;
}

/** Hands an error to all reporters, each error once, however many scopes it passes through. */
export type Capture = (error: unknown, source: string, context?: Fields) => boolean;
