// What a check of the gateway suite is given: a gateway with one route, instances and clients.
import assert from "node:assert/strict";
import { systemClock } from "../kernel/clock.ts";
import type { GatewayStats, InstanceStats, Route, RouteStats } from "../protocol/gateway.ts";
import {
  type Answer,
  type Ask,
  ask,
  freePort,
  type Instance,
  startInstance,
} from "./gateway-instances.ts";

/** A daemon's hold on a gateway that runs. */
export interface GatewayHold {
  /** Resolves when these routes are in force in place of all others; tells which could not be opened. */
  push(routes: readonly Route[]): Promise<readonly { readonly service: string }[]>;
  stats(): Promise<GatewayStats>;
  inflight(instance: string): Promise<number>;
}

export interface GatewayUnderTest extends GatewayHold {
  /** Another daemon comes, which knows nothing of this one. */
  next(): GatewayHold;
  cleanup(): Promise<void>;
}

/** A gateway with one route "web", and what is needed to ask it. */
export interface GatewayScene {
  readonly gateway: GatewayUnderTest;
  readonly port: number;
  /** A new instance; it ends with the check. */
  instance(name: string): Promise<Instance>;
  /** The route "web" with these instances. */
  web(upstreams: Route["upstreams"], over?: Partial<Route>): Route;
  /** Puts the route "web" alone in force. */
  push(upstreams: Route["upstreams"], over?: Partial<Route>): Promise<void>;
  ask(path: string, options?: Ask): Promise<Answer>;
  /** What was counted since the scene began. */
  counted(): Promise<Pick<RouteStats, RouteCount>>;
  countedOf(instance: string): Promise<InstanceStats>;
  /** Looks again and again, at most 5 s. */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>;
  cleanup(): Promise<void>;
}

type RouteCount = "requests" | "held" | "unserved" | "degraded";

export type GatewayCheck = readonly [says: string, holds: (scene: GatewayScene) => Promise<void>];

export async function sceneOf(gateway: GatewayUnderTest): Promise<GatewayScene> {
  const port = await freePort();
  const began = await gateway.stats();
  const instances: Instance[] = [];
  const usual = { service: "web", host: "127.0.0.1", port, holdMs: 5_000, timeoutMs: 10_000 };
  const web: GatewayScene["web"] = (upstreams, over = {}) => ({ ...usual, upstreams, ...over });
  return {
    ...{ gateway, port, web, until },
    instance: async (name) => {
      const made = await startInstance(name);
      instances.push(made);
      return made;
    },
    push: async (upstreams, over) => {
      assert.deepEqual(await gateway.push([web(upstreams, over)]), []);
    },
    ask: (path, options) => ask(port, path, options),
    counted: async () => {
      const now = routeOf(await gateway.stats()) ?? assert.fail("the route is not counted");
      const before = routeOf(began);
      const since = (name: RouteCount): number => now[name] - (before?.[name] ?? 0);
      return {
        requests: since("requests"),
        held: since("held"),
        unserved: since("unserved"),
        degraded: since("degraded"),
      };
    },
    countedOf: async (name) => {
      const now = instanceOf(await gateway.stats(), name) ?? assert.fail(`${name} is not counted`);
      const before = instanceOf(began, name);
      const less = (all: readonly number[], some: readonly number[] = []): number[] =>
        all.map((count, i) => count - (some[i] ?? 0));
      return {
        ...now,
        requests: now.requests - (before?.requests ?? 0),
        failures: now.failures - (before?.failures ?? 0),
        broken: now.broken - (before?.broken ?? 0),
        statuses: less(now.statuses, before?.statuses),
        latency: less(now.latency, before?.latency),
      };
    },
    cleanup: async () => {
      for (const instance of instances) {
        instance.goOn();
        await instance.kill();
      }
      await gateway.push([]);
    },
  };
}

const routeOf = ({ routes }: GatewayStats): RouteStats | undefined =>
  routes.find(({ service }) => service === "web");

const instanceOf = ({ instances }: GatewayStats, name: string): InstanceStats | undefined =>
  instances.find(({ instance }) => instance === name);

const until: GatewayScene["until"] = async (what, holds) => {
  const untilMs = systemClock.now() + 5_000;
  while (!(await holds())) {
    if (systemClock.now() > untilMs) assert.fail(`not within 5 s: ${what}`);
    await systemClock.sleep(10);
  }
};
