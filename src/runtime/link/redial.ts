// Dials the daemon again and again, with pauses, and tells each kind of outage once.
import type { Level } from "../../kernel/log.ts";
import { backoff } from "../../policies/retry/backoff.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import type { Ending } from "./connection.ts";

export type LinkState = "off" | "connecting" | "connected" | "refused";

export interface Redial {
  readonly state: LinkState;
  /** Why it is not connected. */
  readonly why: string | undefined;
  /** Until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** The daemon has greeted. */
  greeted(): void;
  /** The connection has lasted for a while: what comes is a new outage. */
  steady(): void;
  off(why: string): void;
}

/** At which level an end of this kind is worth a line. */
const levels: Readonly<Record<Ending["kind"], Level>> = {
  absent: "debug",
  lost: "info",
  mute: "info",
  unread: "info",
  garbled: "warn",
  refused: "info",
  closed: "debug",
};

/** A daemon that cannot talk to this app may be exchanged some day. */
const refusedMs = 60_000;

export function createRedial(
  { clock, random, log, path }: Surroundings & { readonly path: string },
  converse: (signal: AbortSignal) => Promise<Ending>,
): Redial {
  const delay = backoff({ baseMs: 200, maxMs: 10_000, jitter: "equal" });
  let [state, why]: [LinkState, string | undefined] = ["off", "not started"];
  let failures = 0;
  let greetedOnce = false;
  /** The outages that were told since a connection last was steady. */
  const told = new Set<Ending["kind"]>();

  const say = ({ kind, why: reason }: Ending): void => {
    if (told.has(kind)) return;
    told.add(kind);
    log[levels[kind]](`no link to the daemon: ${reason}`, { socket: path });
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      state = "connecting";
      const ending = await converse(signal);
      if (signal.aborted || ending.kind === "closed") return;
      say(ending);
      const isRefused = ending.kind === "refused";
      [state, why] = [isRefused ? "refused" : "connecting", ending.why];
      const pauseMs = isRefused
        ? refusedMs * (1 + random() / 10)
        : delay(failures++, { last: 0 }, random);
      await wait(clock, pauseMs, signal);
    }
  };

  return {
    get state() {
      return state;
    },
    get why() {
      return why;
    },
    run,
    greeted: () => {
      [state, why] = ["connected", undefined];
      if (!greetedOnce) log.info("connected to the daemon", { socket: path });
      greetedOnce = true;
    },
    steady: () => {
      if (told.size > 0) log.info("connected to the daemon again", { socket: path });
      told.clear();
      failures = 0;
    },
    off: (reason) => {
      [state, why] = ["off", reason];
    },
  };
}
