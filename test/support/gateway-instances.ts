// A route's instances without sockets, and who of them would be asked next.
import type { Asked } from "../../src/gateway/relay/asked.ts";
import { type Balancing, createBalancing } from "../../src/gateway/relay/balancing/balancing.ts";
import { Instance } from "../../src/gateway/relay/instance.ts";
import { defaultLimits } from "../../src/gateway/relay/limits.ts";
import { pick } from "../../src/gateway/relay/pick.ts";
import { createSweep } from "../../src/gateway/relay/sweep.ts";
import { createStats, type InstanceCounters } from "../../src/gateway/stats.ts";
import type { Route, Upstream } from "../../src/protocol/gateway.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { type SimClock, simClock } from "../../src/testing/sim-clock.ts";

const open = (): never => {
  throw new Error("nothing is carried here");
};

/** A request of GET with these fields. */
export function asking(fields = "", path = "/", address = "192.0.2.7"): Asked {
  const text = `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  const head = { method: "GET", text } as Asked["head"];
  return { head, peer: { address, port: 1, isSecure: false } };
}

export interface Field {
  readonly clock: SimClock;
  readonly balancing: Balancing;
  readonly upstreams: readonly Instance[];
  counters(name: string): InstanceCounters;
  apply(upstreams: readonly Omit<Upstream, "port">[], over?: Partial<Route>): void;
  instance(name: string): Instance;
  pick(asked?: Asked, release?: string, failed?: ReadonlySet<Instance>): Instance | undefined;
}

/** Of those that stay the same instances stay. */
export function field(seed = 1): Field {
  const clock = simClock();
  const random = seeded(seed);
  const stats = createStats();
  const sweep = createSweep(clock, 20);
  let upstreams: readonly Instance[] = [];
  const parts = { random, upstreams: () => upstreams, nowMs: () => clock.now() };
  const balancing = createBalancing(parts);
  return {
    ...{ clock, balancing },
    get upstreams() {
      return upstreams;
    },
    counters: (name) => stats.instance(name),
    apply(wanted, over = {}) {
      upstreams = wanted.map((one) => {
        const same = upstreams.find(({ instance }) => instance === one.instance);
        same?.update({ ...one, port: 1 });
        const counters = stats.instance(one.instance);
        const more = { counters, clock, limits: defaultLimits, sweep, open };
        return same ?? new Instance({ ...one, port: 1 }, more);
      });
      const route = { service: "web", host: "127.0.0.1", port: 1, holdMs: 0, timeoutMs: 0 };
      balancing.apply({ ...route, upstreams: [], ...over });
    },
    instance(name) {
      const found = upstreams.find(({ instance }) => instance === name);
      if (!found) throw new Error(`no instance ${name}`);
      return found;
    },
    pick: (asked = asking(), release, failed) =>
      pick({ upstreams, random, balancing }, asked, failed, clock.now(), release),
  };
}

/** "web/1" to "web/n", all ready. */
export function ready(n: number): readonly Omit<Upstream, "port">[] {
  return Array.from({ length: n }, (_, i) => ({ instance: `web/${i + 1}`, state: "ready" }));
}
