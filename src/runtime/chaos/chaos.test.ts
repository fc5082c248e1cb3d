// Chaos disrupts by chance and by hand, takes everything back, and never acts behind a closed lock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { createLog, type Entry as LogEntry } from "../../kernel/log.ts";
import { pipeline } from "../../policies/pipeline.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Told } from "../parts/bus.ts";
import { type ChaosOptions, createChaos, decide, type Target } from "./chaos.ts";

const codeOf = (code: string) => (error: unknown) => (error as { code?: string }).code === code;

function world(options: ChaosOptions = {}, seed = 1) {
  const clock = simClock();
  const lines: LogEntry[] = [];
  const told: Told[] = [];
  const write = (entry: LogEntry): void => void lines.push(entry);
  const log = createLog({ level: "debug", wall: clock.wall, write });
  const bus = {
    publish: (event: Told) => {
      told.push(event);
      return { id: "", time: "", severity: "info", data: undefined, ...event } as const;
    },
  };
  const chaos = createChaos({ armed: true, clock, random: seeded(seed), log, bus, ...options });
  return {
    clock,
    chaos,
    lines,
    told,
    has: (text: string) => lines.some((l) => l.message.includes(text)),
  };
}

/** A setting that is either as it was or disturbed, and what was done with it. */
function setting(over: Partial<Target> = {}) {
  const seen = { value: "good", calls: [] as string[], undo: [] as unknown[] };
  const target: Target = {
    disrupt: () => {
      const old = seen.value;
      seen.value = "bad";
      seen.calls.push("disrupt");
      return { old };
    },
    recover: (undo) => {
      seen.calls.push("recover");
      seen.undo.push(undo);
      seen.value = "good";
    },
    meanIntervalMs: 1_000,
    meanDurationMs: 200,
    ...over,
  };
  return { seen, target };
}

async function inEnvironment(name: string, run: () => Promise<void>): Promise<void> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = name;
  try {
    await run();
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

test("off by default, and it says so", async () => {
  const { clock, lines, has } = world();
  const log = createLog({
    level: "debug",
    wall: clock.wall,
    write: (entry) => void lines.push(entry),
  });
  const chaos = createChaos({ clock, random: seeded(1), log });
  const { seen, target } = setting();
  chaos.register("setting", target);
  await chaos.start();
  await clock.advance(100_000);
  assert.deepEqual(seen.calls, []);
  assert.ok(has("chaos is off: it is not armed"));
  await assert.rejects(chaos.disruptNow("setting"), codeOf("FORBIDDEN"));
});

test("disrupts at exponential random times, and always takes back with what disrupt answered", async () => {
  const { clock, chaos, told, has } = world();
  const { seen, target } = setting();
  const at: number[] = [];
  const { disrupt } = target;
  chaos.register("setting", {
    ...target,
    disrupt: (...all) => {
      at.push(clock.now());
      return disrupt(...all);
    },
  });
  await chaos.start();
  await clock.advance(600_000);
  const failed = await chaos.stop();
  assert.deepEqual(failed, []);
  // 600 s / (1,000 + 200 ms) = 500 rounds; three standard deviations of a Poisson count are 67.
  assert.ok(at.length > 400 && at.length < 600, `${at.length} disruptions`);
  const gaps = at.slice(1).map((ms, i) => ms - (at[i] ?? 0));
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  const short = gaps.filter((gap) => gap < mean / 4).length / gaps.length;
  assert.ok(short > 0.05, "a memoryless wait is often short; a fixed interval never is");
  assert.equal(seen.value, "good");
  assert.equal(seen.undo.length, at.length);
  assert.ok(seen.undo.every((undo) => (undo as { old: string }).old === "good"));
  assert.ok(has("CHAOS IS ON") && has("CHAOS: disrupting setting") && has("setting is recovered"));
  assert.ok(told.some(({ type }) => type === "chaos.disrupted"));
  assert.equal(told.filter(({ type }) => type === "chaos.recovered").length, at.length);
});

test("never more at once than it may", async () => {
  for (const atOnceMax of [1, 2]) {
    const { clock, chaos } = world({ atOnceMax });
    let now = 0;
    let most = 0;
    for (const name of ["a", "b", "c", "d"]) {
      chaos.register(name, {
        disrupt: () => {
          now += 1;
          most = Math.max(most, now);
        },
        recover: () => void now--,
        meanIntervalMs: 300,
        meanDurationMs: 300,
      });
    }
    await chaos.start();
    await clock.advance(60_000);
    assert.equal(most, atOnceMax);
    await chaos.stop();
    assert.equal(now, 0);
  }
});

test("stop takes everything back, the last first, and names what failed", async () => {
  const { chaos, has } = world();
  const order: string[] = [];
  for (const name of ["a", "b", "c"]) {
    chaos.register(name, {
      disrupt: () => name,
      recover: () => {
        order.push(name);
        if (name === "b") throw new Error("the wall is gone");
      },
    });
  }
  await chaos.start();
  for (const name of ["a", "b", "c"]) await chaos.disruptNow(name);
  assert.deepEqual(await chaos.stop(), ["b"]);
  assert.deepEqual(order, ["c", "b", "a"]);
  assert.ok(has("b could not be recovered: the wall is gone") && has("left disrupted: b"));
});

test("a recovery that fails is tried again until it works", async () => {
  const { clock, chaos } = world();
  let tries = 0;
  chaos.register("wall", {
    disrupt: () => 1,
    recover: () => {
      if (++tries < 4) throw new Error("no");
    },
    meanIntervalMs: 1_000,
    meanDurationMs: 1,
  });
  await chaos.start();
  await clock.advance(60_000);
  assert.ok(tries >= 4);
  assert.equal(chaos.status()[0]?.failures, 3);
  await chaos.stop();
});

test("a disruption that fails half-way is taken back", async () => {
  const { chaos } = world();
  const { seen, target } = setting({
    disrupt: (_signal, save) => {
      save({ old: "good" });
      seen.value = "half";
      throw new Error("broke off");
    },
  });
  chaos.register("setting", target);
  await chaos.start();
  await chaos.disruptNow("setting");
  assert.equal(seen.value, "good");
  assert.deepEqual(seen.undo, [{ old: "good" }]);
  assert.equal(chaos.status()[0]?.state, "calm");
});

test("a disrupt that does not heed its signal is taken back now, and again when it has come back", async () => {
  const { clock, chaos, has } = world();
  const late = Promise.withResolvers<unknown>();
  const { seen, target } = setting({ disrupt: () => late.promise, limitMs: 1_000 });
  chaos.register("setting", target);
  await chaos.start();
  const disrupting = chaos.disruptNow("setting");
  await clock.advance(1_500);
  await disrupting;
  assert.equal(seen.calls.length, 1);
  assert.equal(chaos.status()[0]?.state, "hanging");
  assert.deepEqual(await chaos.stop(), ["setting"]);
  seen.value = "bad";
  late.resolve({ old: "good" });
  await clock.advance(1);
  assert.equal(seen.value, "good");
  assert.deepEqual(seen.undo, [undefined, { old: "good" }]);
  assert.equal(chaos.status()[0]?.state, "calm");
  assert.ok(has("does not heed its signal"));
});

test("undo data that would not survive a crash is refused, and undone at once", async () => {
  const { chaos, has } = world();
  const when = new Date(0);
  const { seen, target } = setting({ disrupt: () => ({ when }) });
  chaos.register("setting", target);
  await chaos.start();
  await chaos.disruptNow("setting");
  assert.deepEqual(seen.undo, [{ when }]);
  assert.ok(has("has to be plain JSON"));
});

test("a target that is taken out is taken back first", async () => {
  const { clock, chaos } = world();
  const { seen, target } = setting();
  const handle = chaos.register("setting", target);
  await chaos.start();
  await chaos.disruptNow("setting");
  handle[Symbol.dispose]();
  await clock.advance(1);
  assert.equal(seen.value, "good");
  assert.deepEqual(chaos.status(), []);
});

test("an in-process fault reaches the calls of a pipeline while it is on, and none before or after", async () => {
  const { chaos, clock } = world();
  const strategy = chaos.fault("slow-payments", { fault: true });
  const api = pipeline({ name: "payments", chaos: strategy, clock });
  await chaos.start();
  assert.equal(await api.run(async () => "ok"), "ok");
  await chaos.disruptNow("slow-payments");
  await assert.rejects(
    api.run(async () => "ok"),
    codeOf("CHAOS"),
  );
  await chaos.recoverNow("slow-payments");
  assert.equal(await api.run(async () => "ok"), "ok");
  await chaos.disruptNow("slow-payments");
  await chaos.stop();
  assert.equal(await api.run(async () => "ok"), "ok");
});

test("fault: flushall has no undo", async () => {
  interface Monkey {
    register(name: string, disrupt: () => void): void;
    /** Lets chance have its way for a while, then stops and takes everything back. */
    play(): Promise<void>;
  }
  // The article's: nothing takes it back, and chance may choose it.
  const article = (): Monkey => {
    const targets: { readonly disrupt: () => void; readonly recover?: () => void }[] = [];
    return {
      register: (_, disrupt) => void targets.push({ disrupt }),
      play: async () => {
        for (const { disrupt, recover } of targets) {
          disrupt();
          recover?.();
        }
      },
    };
  };
  const ours = (): Monkey => {
    const { clock, chaos } = world();
    return {
      register: (name, disrupt) => {
        // Not even registered before its owner says that nothing takes it back.
        assert.throws(() => chaos.register(name, { disrupt }), /no recover.*irreversible: true/);
        chaos.register(name, { disrupt, irreversible: true, meanIntervalMs: 1 });
      },
      play: async () => {
        await chaos.start();
        await clock.advance(100_000);
        assert.deepEqual(await chaos.stop(), []);
      },
    };
  };
  const shows = /nobody was asked, and nobody can take it back/;
  await onlyOursHolds<Monkey>({ imitation: article, ours, shows }, async ({ register, play }) => {
    const cache = new Map([["cart", "3 things"]]);
    register("cache", () => cache.clear());
    await play();
    assert.equal(cache.size, 1, "nobody was asked, and nobody can take it back");
  });
  const { chaos, has } = world();
  let flushed = 0;
  chaos.register("cache", { disrupt: () => void flushed++, irreversible: true });
  await chaos.start();
  await chaos.disruptNow("cache");
  assert.equal(flushed, 1, "a person may");
  assert.ok(has("CHAOS: disrupting cache"));
  await chaos.stop();
});

test("fault: env chaos gate and is_production gate can disagree", async () => {
  interface Gates {
    /** Each place that asks whether chaos may act, with what it is told. */
    readonly answers: readonly boolean[];
  }
  type Decide = (env: { readonly chaos: boolean; readonly production: boolean }) => Gates;
  // The article asks one variable in one place and another one elsewhere.
  const article: Decide = ({ chaos, production }) => {
    const env = {
      ENABLE_CHAOS: chaos ? "1" : "0",
      APP_ENV: production ? "production" : "development",
    };
    return { answers: [env.ENABLE_CHAOS === "1", env.APP_ENV !== "production"] };
  };
  const ours: Decide = ({ chaos: armed, production }) => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = production ? "production" : "development";
    try {
      return { answers: [decide({ armed }).open, world({ armed }).chaos.gate.open] };
    } finally {
      if (before === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = before;
    }
  };
  const shows = /chaos: true, production: true: one says yes, the other no/;
  await onlyOursHolds<Decide>({ imitation: () => article, ours: () => ours, shows }, (decide) => {
    for (const [chaos, production] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const { answers } = decide({ chaos, production });
      const which = `chaos: ${chaos}, production: ${production}: one says yes, the other no`;
      assert.equal(new Set(answers).size, 1, which);
      assert.equal(answers[0], chaos && !production);
    }
  });

  for (const NODE_ENV of ["production", "development", ""]) {
    for (const armed of [true, false]) {
      for (const production of [true, false]) {
        const expected = armed && (NODE_ENV !== "production" || production);
        await inEnvironment(NODE_ENV, () => agrees({ armed, production }, expected));
      }
    }
  }
});

/** What may be done by chance, by hand and by the strategy is what the one gate says, and no more. */
async function agrees(
  locks: { readonly armed: boolean; readonly production: boolean },
  expected: boolean,
): Promise<void> {
  assert.equal(decide(locks).open, expected);
  const { clock, chaos } = world(locks);
  assert.deepEqual(chaos.gate, decide(locks));
  const { seen, target } = setting();
  chaos.register("setting", target);
  const api = pipeline({ name: "p", chaos: chaos.fault("fault", { fault: true }), clock });
  await chaos.start();
  const works = (done: Promise<unknown>): Promise<boolean> =>
    done.then(
      () => true,
      () => false,
    );
  const byHand = await works(chaos.disruptNow("fault"));
  const injected = !(await works(api.run(async () => "ok")));
  await chaos.recoverNow("fault");
  await clock.advance(30_000);
  const byChance = seen.calls.length > 0;
  const all = { byHand: expected, injected: expected, byChance: expected };
  assert.deepEqual({ byHand, injected, byChance }, all);
  await chaos.stop();
}

test("the gate is asked before each disruption, not only at the start", async () => {
  const { clock, chaos } = world();
  const { seen, target } = setting();
  chaos.register("setting", target);
  const api = pipeline({ name: "p", chaos: chaos.fault("fault", { fault: true }), clock });
  await chaos.start();
  await chaos.disruptNow("fault");
  await inEnvironment("production", async () => {
    await assert.rejects(chaos.disruptNow("setting"), codeOf("FORBIDDEN"));
    assert.deepEqual(seen.calls, []);
    assert.equal(
      await api.run(async () => "ok"),
      "ok",
      "a fault that is on injects nothing either",
    );
  });
  await assert.rejects(
    api.run(async () => "ok"),
    codeOf("CHAOS"),
  );
  await chaos.stop();
  assert.equal(await api.run(async () => "ok"), "ok");
});
