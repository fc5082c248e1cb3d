// Who serves and who waits: never too many, never a sick one without need, and one step at a time.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Instance } from "../model/instance.ts";
import type { ServicePolicy } from "../model/policy.ts";
import type { Symptom, SymptomKind } from "../model/symptom.ts";
import { instanceName } from "../model/target.ts";
import { rotation, type Turn } from "./rotation.ts";
import { emptyState, type State } from "./state.ts";

/** One instance: since when it is ready (0: it has no process), and what is said of it. */
interface Some {
  readonly readyAtMs: number;
  readonly stopping?: boolean;
  readonly sign?: SymptomKind | undefined;
}

function stateOf(all: readonly Some[], spares: number): State {
  const policy = { name: "web", replicas: all.length, spares } as ServicePolicy;
  const instances: Record<string, Instance> = {};
  const symptoms: Record<string, Symptom> = {};
  for (const [i, { readyAtMs, stopping, sign }] of all.entries()) {
    const target = instanceName("web", i + 1);
    const times = { startedAtMs: 0, sinceMs: readyAtMs };
    instances[target] =
      readyAtMs === 0
        ? { target, state: "down", ...times }
        : { target, state: stopping ? "stopping" : "ready", ...times, port: i + 1, readyAtMs };
    const key = `${target}:${sign}`;
    const why = { rule: "r", text: "t", value: 0, limit: 0, unit: "count" as const };
    if (sign) symptoms[key] = { key, target, kind: sign, why, sinceMs: 0, raisedAtMs: 0 };
  }
  return {
    ...emptyState,
    policy: { project: "p", services: { web: policy } },
    instances,
    symptoms,
  };
}

const turns = (all: readonly Some[], spares: number): string =>
  rotation(stateOf(all, spares), "web")
    .map(({ instance, state }) => `${instance.slice(4)} ${state}`)
    .join(", ");

describe("a spare", () => {
  it("waits while the others are well, and takes over from whoever is not there", () => {
    assert.equal(turns([{ readyAtMs: 1 }, { readyAtMs: 2 }], 1), "1 ready, 2 spare");
    assert.equal(turns([{ readyAtMs: 0 }, { readyAtMs: 2 }], 1), "2 ready");
    const stopping = { readyAtMs: 1, stopping: true };
    assert.equal(turns([stopping, { readyAtMs: 2 }], 1), "1 draining, 2 ready");
    const closed = { readyAtMs: 1, sign: "unready" as const };
    assert.equal(turns([closed, { readyAtMs: 2 }], 1), "1 draining, 2 ready");
  });

  it("that has taken over goes on serving: who comes back is the next spare", () => {
    assert.equal(turns([{ readyAtMs: 9 }, { readyAtMs: 2 }], 1), "1 spare, 2 ready");
  });

  it("takes what a hung one was asked, and a sick one serves when all are", () => {
    const hung = { readyAtMs: 1, sign: "unresponsive" as const };
    const bad = { readyAtMs: 2, sign: "failing" as const };
    assert.equal(turns([hung, { readyAtMs: 2 }], 1), "1 hung, 2 ready");
    assert.equal(turns([hung, bad], 1), "1 ready, 2 spare");
    assert.equal(turns([bad, { readyAtMs: 3 }], 1), "1 draining, 2 ready");
  });

  it("is none where none is asked for", () => {
    assert.equal(turns([{ readyAtMs: 1 }, { readyAtMs: 2 }], 0), "1 ready, 2 ready");
  });
});

const some: fc.Arbitrary<Some> = fc.record({
  readyAtMs: fc.integer({ min: 0, max: 20 }),
  stopping: fc.boolean(),
  sign: fc.constantFrom<(SymptomKind | undefined)[]>(
    ...([undefined, undefined, "unresponsive", "failing", "unready", "hot"] as const),
  ),
});
const world = fc
  .array(some, { minLength: 1, maxLength: 6 })
  .chain((all) => fc.tuple(fc.constant(all), fc.integer({ min: 0, max: all.length - 1 })));

const named = (all: readonly Turn[], state: Turn["state"]): readonly string[] =>
  all.filter((it) => it.state === state).map((it) => it.instance);

describe("whatever happened", () => {
  it("as many serve as are asked for, or all that can, and none that is to get nothing", () => {
    fc.assert(
      fc.property(world, ([all, spares]) => {
        const found = rotation(stateOf(all, spares), "web");
        const open = all.filter((it) => it.readyAtMs > 0 && !it.stopping && it.sign !== "unready");
        const fit = open.filter(({ sign }) => sign !== "unresponsive" && sign !== "failing");
        const able = fit.length > 0 ? fit : open;
        const ready = named(found, "ready");
        assert.equal(ready.length, Math.min(able.length, all.length - spares));
        assert.equal(named(found, "spare").length, able.length - ready.length);
        for (const name of [...ready, ...named(found, "spare")]) {
          assert.ok(able.includes(all[Number(name.slice(4)) - 1] ?? assert.fail(name)), name);
        }
      }),
    );
  });

  it("one death promotes one spare at most, and changes nothing for the others", () => {
    fc.assert(
      fc.property(world, fc.nat(), ([all, spares], which) => {
        const before = rotation(stateOf(all, spares), "web");
        const dead = which % all.length;
        const isSpare = named(before, "spare").includes(instanceName("web", dead + 1));
        // When the last that is well dies, sick ones serve: that is no promotion.
        const well = (it: Some): boolean => it.sign !== "unresponsive" && it.sign !== "failing";
        fc.pre(all.some((it, i) => i !== dead && it.readyAtMs > 0 && !it.stopping && well(it)));
        fc.pre(all.every((it) => it.sign !== "unready"));
        const left = all.with(dead, { readyAtMs: 0 });
        const after = rotation(stateOf(left, spares), "web");
        const served = named(before, "ready").filter((it) => it !== `web/${dead + 1}`);
        const serves = named(after, "ready");
        for (const name of served) assert.ok(serves.includes(name), `${name} goes on`);
        const more = serves.length - served.length;
        const wasServing = named(before, "ready").length > served.length;
        const had = named(before, "spare").length > 0;
        assert.equal(more, wasServing && had ? 1 : 0, `a spare: ${isSpare}`);
      }),
    );
  });

  it("who comes back pushes nobody aside", () => {
    fc.assert(
      fc.property(world, fc.nat(), ([all, spares], which) => {
        const back = which % all.length;
        const gone = all.with(back, { readyAtMs: 0 });
        const was = named(rotation(stateOf(gone, spares), "web"), "ready");
        const well = gone.some((it) => it.readyAtMs > 0 && it.sign === undefined && !it.stopping);
        fc.pre(well);
        const is = rotation(stateOf(all.with(back, { readyAtMs: 99 }), spares), "web");
        for (const name of was) assert.ok(named(is, "ready").includes(name), name);
      }),
    );
  });
});
