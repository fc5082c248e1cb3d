// The same seeded requests, kills and changes of routes for both kinds of gateway: the same statuses.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Ask, Instance } from "../../src/testing/gateway-instances.ts";
import {
  type GatewayScene,
  type GatewayUnderTest,
  sceneOf,
} from "../../src/testing/gateway-scene.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { haproxyGateway, noHaproxy, ownGateway } from "./support/gateway-kinds.ts";

const steps = ["serve", "kill", "drain", "spare", "empty", "degrade", "late", "hang"] as const;
type Step = (typeof steps)[number];

const classes: readonly (readonly [path: string, ask: Ask])[] = [
  ["/?wait=1", {}],
  ["/?wait=2", { method: "HEAD" }],
  ["/?wait=3", { method: "POST", body: "once" }],
  ["/?wait=4", { method: "PUT", body: "x".repeat(4_000) }],
  ["/?bytes=70000", { method: "DELETE" }],
  ["/?wait=5", { method: "PATCH", body: "" }],
];

/** What a class of requests was answered in a step, and whose answer may be one or the other. */
interface World {
  readonly scene: GatewayScene;
  readonly said: string[];
  serving: Instance[];
  born: number;
}

async function born(world: World): Promise<Instance> {
  world.born++;
  return world.scene.instance(`web/${(world.born % 4) + 1}`);
}

/** All classes at once; `extra` goes to each path. */
async function askAll(world: World, step: Step, more = ""): Promise<readonly string[]> {
  return Promise.all(
    classes.map(async ([path, ask]) => {
      const status = await world.scene.ask(`${path}${more}`, ask).then((it) => it.status, String);
      return `${step} ${ask.method ?? "GET"}: ${status}`;
    }),
  );
}

const ready = ({ serving }: World) => serving.map((instance) => instance.as("ready"));

const acts: Readonly<Record<Step, (world: World) => Promise<readonly string[]>>> = {
  serve: (world) => askAll(world, "serve"),
  kill: async (world) => {
    const [first] = world.serving;
    if (!first) return [];
    const before = new Set(first.asked);
    const answers = askAll(world, "kill", "&wait=150");
    const others = world.serving.slice(1);
    await world.scene.until("all have come", () => {
      const all = world.serving.reduce((sum, { asked }) => sum + asked.length, 0);
      return all >= before.size + classes.length;
    });
    await first.kill();
    world.serving = [...others, await born(world)];
    await world.scene.push(ready(world));
    // Who had the unsafe ones is the balance's affair: they are lost with it, or served.
    return (await answers).map((it) =>
      it.replace(/ (POST|PATCH): (?:200|502)$/, " $1: 200 or 502"),
    );
  },
  drain: async (world) => {
    const [first, second] = world.serving;
    if (!first || !second) return [];
    await world.scene.push([first.as("draining"), second.as("ready")]);
    return askAll(world, "drain");
  },
  spare: async (world) => {
    const [first, second] = world.serving;
    if (!first || !second) return [];
    await world.scene.push([first.as("draining"), second.as("spare")]);
    return askAll(world, "spare");
  },
  empty: async (world) => {
    await world.scene.push([], { holdMs: 100 });
    return askAll(world, "empty");
  },
  degrade: async (world) => {
    await world.scene.push(ready(world), { degraded: { status: 503, retryAfterS: 1, why: "ill" } });
    return askAll(world, "degrade");
  },
  late: async (world) => {
    await world.scene.push(ready(world), { timeoutMs: 100 });
    return [...(await askAll(world, "late")), ...(await askAll(world, "late", "&wait=400"))];
  },
  hang: async (world) => {
    const [first, second] = world.serving;
    if (!first || !second) return [];
    first.hang();
    const safe = [0, 1, 2, 3].map(() => world.scene.ask("/").then((it) => it.status, String));
    await world.scene.until("one has some", () => first.asked.length > 0);
    await world.scene.push([first.as("hung"), second.as("ready")]);
    const statuses = await Promise.all(safe);
    first.goOn();
    return statuses.map((status) => `hang GET: ${status}`);
  },
};

async function play(
  make: () => Promise<GatewayUnderTest>,
  seed: number,
): Promise<readonly string[]> {
  const random = seeded(seed);
  const gateway = await make();
  const scene = await sceneOf(gateway);
  try {
    const world: World = { scene, said: [], serving: [], born: 0 };
    world.serving = [await born(world), await born(world)];
    for (let turn = 0; turn < 12; turn++) {
      await scene.push(ready(world));
      const step =
        steps[turn < steps.length ? turn : Math.floor(random() * steps.length)] ?? "serve";
      world.said.push(...(await acts[step](world)).map((said) => `${turn} ${said}`));
    }
    return world.said;
  } finally {
    await scene.cleanup();
    await gateway.cleanup();
  }
}

describe("both kinds of gateway", { skip: noHaproxy }, () => {
  for (const seed of [1, 2]) {
    it(`answer the same, seed ${seed}`, async (t) => {
      const ours = await play(ownGateway, seed);
      const theirs = await play(haproxyGateway, seed);
      t.diagnostic(`${ours.length} answers compared`);
      assert.ok(ours.length > 60);
      assert.deepEqual(theirs, ours);
    });
  }
});
