// The gateway suite itself: each fault that is planted before or behind a sound gateway is caught.
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import type { Route, Upstream } from "../../src/protocol/gateway.ts";
import { gatewayChecks } from "../../src/testing/gateway-conformance.ts";
import { type GatewayUnderTest, sceneOf } from "../../src/testing/gateway-scene.ts";
import { failing } from "../../src/testing/planted.ts";
import { within } from "../../src/testing/waiting.ts";
import { ownGateway } from "./support/gateway-kinds.ts";

type Plant = (sound: GatewayUnderTest) => GatewayUnderTest;

/** Routes are changed on their way to the gateway. */
const pushing =
  (change: (route: Route) => Route): Plant =>
  (sound) => ({ ...sound, push: (routes) => sound.push(routes.map(change)) });

const states = (change: (upstream: Upstream, place: number) => Upstream): Plant =>
  pushing((route) => ({ ...route, upstreams: route.upstreams.map(change) }));

const instead = (from: Upstream["state"], to: Upstream["state"]): Plant =>
  states((upstream) => (upstream.state === from ? { ...upstream, state: to } : upstream));

/** Bytes are changed between clients and the gateway, or connections cut at each push. */
const relaying =
  (change: { toClient?: [string, string]; cutAfter?: number; cutAtPush?: boolean }): Plant =>
  (sound) => {
    let relays: { server: Server; sockets: Set<Socket> }[] = [];
    const close = (): void => {
      for (const { server, sockets } of relays) {
        server.close();
        for (const socket of sockets) socket.destroy();
      }
      relays = [];
    };
    const open = async (port: number, behind: number): Promise<void> => {
      const sockets = new Set<Socket>();
      const server = createServer((client) => {
        const gateway = connect(behind, "127.0.0.1");
        let passed = 0;
        for (const socket of [client, gateway]) sockets.add(socket.on("error", () => {}));
        client.pipe(gateway);
        client.on("close", () => gateway.destroy());
        gateway.on("end", () => client.end());
        gateway.on("data", (piece: Buffer) => {
          passed += piece.length;
          const [from, to] = change.toClient ?? ["", ""];
          const text =
            from === "" ? piece : Buffer.from(piece.toString("latin1").replace(from, to), "latin1");
          client.write(text);
          if (passed > (change.cutAfter ?? Number.POSITIVE_INFINITY)) client.resetAndDestroy();
        });
      });
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      relays.push({ server, sockets });
    };
    return {
      ...sound,
      push: async (routes) => {
        if (change.cutAtPush || routes.length === 0) close();
        const moved = routes.map((route) => ({ ...route, port: route.port - 1_000 }));
        const problems = await sound.push(moved);
        if (relays.length === 0) for (const { port } of routes) await open(port, port - 1_000);
        return problems;
      },
    };
  };

const forgetful: Plant = (sound) => ({
  ...sound,
  next: () => ({ ...sound.next(), push: async () => [] }),
});

const clinging: Plant = (sound) => {
  const all = new Map<number, Route>();
  return {
    ...sound,
    push: (routes) => {
      for (const route of routes) all.set(route.port, route);
      return sound.push(routes.length === 0 ? [] : [...all.values()]);
    },
  };
};

const dead: Plant = (sound) => {
  let kept: readonly Upstream[] = [];
  return pushing((route) => {
    if (route.upstreams.length > kept.length) kept = route.upstreams;
    return { ...route, upstreams: kept };
  })(sound);
};

const blind: Plant = (sound) => ({
  ...sound,
  stats: async () => ({ version: 0, routes: [], instances: [] }),
});

const faults: Readonly<Record<string, readonly [plant: Plant, caughtBy: string]>> = {
  "it counts nothing": [blind, "serves, and counts what it serves"],
  "it never knows what is in flight": [
    (sound) => ({ ...sound, inflight: async () => 0 }),
    "lets a draining one finish, and gives it nothing new",
  ],
  "it asks the draining": [
    instead("draining", "ready"),
    "lets a draining one finish, and gives it nothing new",
  ],
  "it asks spares like others": [
    instead("spare", "ready"),
    "asks a spare when no other is ready, and only then",
  ],
  "it leaves requests with the hung": [
    instead("hung", "draining"),
    "takes back from a hung one what may be repeated",
  ],
  "it asks the first one only": [
    states((upstream, place) => (place === 0 ? upstream : { ...upstream, state: "spare" })),
    "asks the one that has least to do",
  ],
  "it serves what is degraded": [
    pushing(({ degraded: _, ...route }) => route),
    "answers for a degraded service at once",
  ],
  "it holds nothing": [
    pushing((route) => ({ ...route, holdMs: 0 })),
    "holds requests while none is ready, and serves them when one comes",
  ],
  "it holds what it should give up": [
    pushing((route) => ({ ...route, holdMs: 60_000 })),
    "answers 503 with Retry-After when none comes in time",
  ],
  "it forgets Retry-After": [
    relaying({ toClient: ["retry-after", "retry-never"] }),
    "answers 503 with Retry-After when none comes in time",
  ],
  "it waits for ever": [
    pushing((route) => ({ ...route, timeoutMs: 60_000 })),
    "answers 504 what takes too long, and asks once",
  ],
  "it keeps the ports of removed routes": [clinging, "closes the port of a route that is removed"],
  "it is silent about a taken port": [
    (sound) => ({ ...sound, push: (routes) => sound.push(routes).then(() => []) }),
    "tells of a port that is taken, and opens the others",
  ],
  "it cuts large bodies": [relaying({ cutAfter: 1_000_000 }), "passes large bodies both ways"],
  "it knows no WebSocket": [
    relaying({ toClient: ["101 Switching", "400 Switching"] }),
    "passes a WebSocket, also while its instance is drained",
  ],
  "it changes names of requests": [
    relaying({ toClient: ['"x-forwarded-for"', '"x-forwarded-fro"'] }),
    "tells an instance who asked",
  ],
  "it cuts connections when routes change": [
    relaying({ cutAtPush: true }),
    "loses nothing while routes change 50 times",
  ],
  "it goes on asking the dead": [dead, "keeps what a killed instance had until the next one comes"],
  "it gives up when an instance dies": [
    relaying({ toClient: ["200 OK", "502 Bad"] }),
    "loses nothing that may be repeated when an instance is killed",
  ],
  "it tells that a lost request was served": [
    relaying({ toClient: ["502 Bad Gateway", "200 OK"] }),
    "repeats nothing that may not be repeated",
  ],
  "it heeds no other daemon": [
    forgetful,
    "goes on without its daemon, and is taken over by the next",
  ],
};

describe("the gateway suite catches", () => {
  let sound: GatewayUnderTest;
  before(async () => {
    sound = await ownGateway();
  });
  after(() => sound.cleanup());

  for (const [fault, [plant, caughtBy]] of Object.entries(faults)) {
    it(fault, async () => {
      const scene = await sceneOf(plant(sound));
      try {
        const checks = gatewayChecks.filter(([says]) => says === caughtBy);
        const limited = checks.map(
          ([says, holds]) => [says, (given: typeof scene) => within(1_500, holds(given))] as const,
        );
        assert.deepEqual(await failing(limited, () => scene), [caughtBy]);
      } finally {
        await scene.cleanup();
      }
    });
  }

  it("with each of its checks", () => {
    const caught = new Set(Object.values(faults).map(([, caughtBy]) => caughtBy));
    assert.deepEqual(
      gatewayChecks.map(([says]) => says).filter((says) => !caught.has(says)),
      [],
    );
  });
});
