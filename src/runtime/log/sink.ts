// What a log hands on: a line that is free of secrets, to sinks that keep, show or send it.
import type { Level } from "../../kernel/log.ts";
import type { Plain } from "../parts/clean.ts";

export type { Plain };

export interface Line {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly level: Level;
  readonly app: string;
  /** The task or thread that wrote it, see `withName`. */
  readonly thread: string;
  /** Dotted name of the logger; empty for the app's own. */
  readonly logger: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, Plain>>;
}

/** How a sink tells what befell itself; it goes to the other sinks. */
export type Tell = (message: string, fields: Readonly<Record<string, Plain>>) => void;

export interface Sink {
  readonly name: string;
  /** Lines below it are not written here; default: all that the log lets through. */
  readonly level?: Level;
  /** Returns at once. A throw is told to the other sinks. */
  write(line: Line): void;
  /** Lines that were given up because the buffer was full or the other side gone. */
  dropped?(): number;
  attach?(tell: Tell): void;
  /** Resolves when what was written has left, or when `signal` aborts. */
  flush?(signal: AbortSignal): Promise<void>;
  /** Lets go of files and sockets; writes after it are dropped. */
  close?(): void | Promise<void>;
}

export const levels: readonly Level[] = ["debug", "info", "warn", "error"];

const order: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export function reaches(level: Level, least: Level): boolean {
  return order[level] >= order[least];
}
