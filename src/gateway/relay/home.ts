// What a connection to an instance and the instance it leads to need of each other.
import type { NetConnectOpts } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import type { Job } from "./exchange.ts";
import type { Limits } from "./limits.ts";
import type { Sweep } from "./sweep.ts";

/** The instance, as its connections see it. */
export interface Home {
  readonly port: number;
  /** Its Unix socket, in place of the port. */
  readonly path: string | undefined;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly sweep: Sweep;
  /** It answered: it works. */
  worked(): void;
  /** Has no request any more and may have another one. */
  idle(connection: Carrier): void;
  closed(connection: Carrier): void;
}

/** Where to connect to. */
export function addressOf({ port, path }: Pick<Home, "port" | "path">): NetConnectOpts {
  return path === undefined ? { port, host: "127.0.0.1" } : { path };
}

/** A way to an instance for one request at a time, as the instance sees it. */
export interface Carrier {
  /** Whether it was opened for one request. */
  readonly isOwn: boolean;
  /** Whether it waits for a request. */
  readonly isFree: boolean;
  carry(job: Job, nowMs: number): void;
  /** The instance hangs: what has not begun to be answered goes elsewhere, where it can. */
  abandon(): void;
  /** The client has gone, or what it sends is not in order. */
  giveUp(kind: "gone" | "faulty", text?: string): void;
  close(): void;
}

/** Opens a way to an instance; it connects at once. */
export type OpenCarrier = (home: Home, isOwn: boolean) => Carrier;
