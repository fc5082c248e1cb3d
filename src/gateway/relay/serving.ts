// What serving a request needs of its route, and of the client who asked.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import type { Route } from "../../protocol/gateway.ts";
import type { RouteCounters } from "../stats.ts";
import type { Balancing } from "./balancing/balancing.ts";
import type { Crowd } from "./crowd.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Answering } from "./exchange.ts";
import type { Feature } from "./feature.ts";
import type { WaitingRoom } from "./hold.ts";
import type { Instance } from "./instance.ts";
import type { Limits } from "./limits.ts";
import type { Reply } from "./replies.ts";
import type { Retrying } from "./retrying.ts";
import type { Sweep } from "./sweep.ts";

/** What serving a request needs of its route; `config` and `upstreams` change under it. */
export interface Serving {
  readonly config: Route;
  readonly upstreams: readonly Instance[];
  readonly balancing: Balancing;
  readonly retrying: Retrying;
  readonly room: WaitingRoom;
  /** Who waited there and has been let in. */
  readonly crowd: Crowd;
  readonly counters: RouteCounters;
  readonly features: { readonly active: readonly Feature[] };
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: Limits;
  /** Deadlines of clients. */
  readonly sweep: Sweep;
  /** Whether connections are to end after their answer. */
  readonly closing: boolean;
}

/** Who asked. */
export interface Client extends Answering {
  reply(reply: Reply): void;
  /** The answer has begun and cannot be completed. */
  cut(): void;
  /** The answer is complete or on its way. */
  done(): void;
  /** The body is wanted. */
  ask(): void;
}
