// What is still to be told, written down: the next daemon tells it when this one dies first.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Notice } from "../notifiers/notifier.ts";

/** A notice on its way to one channel. */
export interface Pending {
  readonly channel: string;
  readonly notice: Notice;
  /** Ms since the epoch. */
  readonly sinceAt: number;
  readonly attempts: number;
  readonly reason?: string;
  readonly refused?: true;
  readonly passedOn?: string;
}

export interface KeptState {
  /** Of the last event that was looked at; absent before the first. */
  readonly seq?: number;
  readonly pending: readonly Pending[];
  /** Channels that were told something urgent of an open incident. */
  readonly told: Readonly<Record<string, readonly string[]>>;
}

export interface Kept {
  readonly state: KeptState;
  save(state: KeptState): void;
}

const nothing: KeptState = { pending: [], told: {} };

export function keepIn(file: string, log: Log): Kept {
  let state = read(file, log);
  let failing = false;
  return {
    get state() {
      return state;
    },
    save: (next) => {
      state = next;
      try {
        const aside = `${file}.new`;
        writeFileSync(aside, JSON.stringify(next), { mode: 0o600 });
        renameSync(aside, file);
        failing = false;
      } catch (error) {
        // It is told all the same, as long as this daemon lives.
        if (!failing) log.error("what is to be told is not kept", { reason: messageOf(error) });
        failing = true;
      }
    },
  };
}

function read(file: string, log: Log): KeptState {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return nothing;
    log.error("what is to be told cannot be read", { reason: messageOf(error) });
    return nothing;
  }
  try {
    const { seq, pending = [], told = {} } = JSON.parse(text) as Partial<KeptState>;
    const isSound = Array.isArray(pending) && pending.every(isPending) && typeof told === "object";
    if (!isSound) throw new TypeError("it has another shape");
    return { ...(Number.isSafeInteger(seq) ? { seq: seq as number } : {}), pending, told };
  } catch (error) {
    log.error("what is to be told cannot be read", { reason: messageOf(error) });
    return nothing;
  }
}

function isPending(value: unknown): value is Pending {
  const { channel, notice, sinceAt } = (value ?? {}) as Partial<Pending>;
  return (
    typeof channel === "string" &&
    typeof sinceAt === "number" &&
    typeof notice?.incident === "string" &&
    typeof notice.title === "string" &&
    typeof notice.text === "string"
  );
}
