// A database, a cache and an API that exist in memory only: to try recipes, and to break at will.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { ApiRecipeOptions, CacheRecipeOptions, DatabaseRecipeOptions } from "./recipes.ts";

export interface Fake<Hands> {
  /** All hands of the recipe; give it to the recipe as it is, or replace some. */
  readonly hands: Hands;
  /** What was done, in order. */
  readonly done: readonly string[];
  readonly up: boolean;
}

export interface FakeDatabase
  extends Fake<Required<Omit<DatabaseRecipeOptions, "waitMs" | "everyMs">>> {
  /** crash: a restart helps · host: only the replica helps · corrupt: up, but the data is not whole. */
  breakDown(how: "crash" | "host" | "corrupt"): void;
  readonly onReplica: boolean;
}

/** Comes up `startMs` (2,000) after a restart or a switch. */
export function fakeDatabase({ clock, startMs = 2_000 }: Timing): FakeDatabase {
  const done: string[] = [];
  const server = starting(clock, startMs);
  let host = true;
  let whole = true;
  let onReplica = false;
  const failed = (what: string): never => {
    throw new HomeostatError("ACTION_FAILED", what);
  };
  return {
    done,
    get up() {
      return server.up;
    },
    get onReplica() {
      return onReplica;
    },
    breakDown: (how) => {
      if (how === "corrupt") whole = false;
      else server.stop();
      if (how === "host") host = false;
    },
    hands: {
      pingHost: () => host,
      restart: () => {
        done.push("restart");
        if (!host) failed("the host is not there");
        server.start();
      },
      activateReplica: () => {
        done.push("activate replica");
        onReplica = true;
        server.start();
      },
      deactivateReplica: () => {
        done.push("deactivate replica");
        onReplica = false;
        server.stop();
      },
      isUp: () => server.up,
      verifyIntegrity: () => {
        done.push("verify integrity");
        return server.up && whole;
      },
    },
  };
}

export interface FakeCache extends Fake<Required<Omit<CacheRecipeOptions, "waitMs" | "everyMs">>> {
  /** crash: empty and down · stale: up with wrong values. */
  breakDown(how: "crash" | "stale"): void;
  readonly values: ReadonlyMap<string, string>;
}

export function fakeCache({ clock, startMs = 2_000 }: Timing): FakeCache {
  const done: string[] = [];
  const values = new Map([["greeting", "hello"]]);
  const server = starting(clock, startMs);
  const orThrow = (what: string): void => {
    done.push(what);
    if (!server.up) throw new HomeostatError("ACTION_FAILED", "the cache is down");
  };
  return {
    done,
    values,
    get up() {
      return server.up;
    },
    breakDown: (how) => {
      if (how === "stale") return void values.set("greeting", "wrong");
      server.stop();
      values.clear();
    },
    hands: {
      flush: () => {
        orThrow("flush");
        values.clear();
      },
      isRunning: () => server.up,
      isUp: () => server.up,
      restart: () => {
        done.push("restart");
        server.start();
      },
      prewarm: () => {
        orThrow("pre-warm");
        values.set("greeting", "hello");
      },
    },
  };
}

export interface FakeApi extends Fake<Required<Omit<ApiRecipeOptions, "waitMs" | "everyMs">>> {
  /** connections: a reset helps · credentials: new ones help · endpoint: only another one helps. */
  breakDown(how: "connections" | "credentials" | "endpoint"): void;
  readonly endpoint: "first" | "second";
}

export function fakeApi(): FakeApi {
  const done: string[] = [];
  const broken = new Set<string>();
  let endpoint: "first" | "second" = "first";
  const isUp = (): boolean => {
    if (broken.has("connections") || broken.has("credentials")) return false;
    return !(broken.has("endpoint") && endpoint === "first");
  };
  return {
    done,
    get up() {
      return isUp();
    },
    get endpoint() {
      return endpoint;
    },
    breakDown: (how) => void broken.add(how),
    hands: {
      resetConnections: () => {
        done.push("reset connections");
        broken.delete("connections");
      },
      refreshCredentials: () => {
        done.push("refresh credentials");
        broken.delete("credentials");
      },
      isUp,
      switchEndpoint: () => {
        done.push("switch endpoint");
        endpoint = "second";
      },
      switchBack: () => {
        done.push("switch back");
        endpoint = "first";
      },
    },
  };
}

interface Timing {
  readonly clock: Pick<Clock, "now">;
  /** Milliseconds. */
  readonly startMs?: number;
}

function starting(clock: Pick<Clock, "now">, startMs: number) {
  let upAt = Number.NEGATIVE_INFINITY;
  return {
    get up() {
      return clock.now() >= upAt;
    },
    start: () => {
      upAt = Math.min(upAt, clock.now() + startMs);
    },
    stop: () => {
      upAt = Number.POSITIVE_INFINITY;
    },
  };
}
