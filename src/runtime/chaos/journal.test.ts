// The journal is a step ahead of each act, belongs to one process, and is never repaired silently.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { createLog } from "../../kernel/log.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { createChaos, type Json, type Target } from "./chaos.ts";
import type { Processes } from "./owner.ts";

interface Place {
  readonly file: string;
  left(): { target: string; phase: string; undo?: unknown }[];
}

async function inPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-chaos-"));
  const file = join(folder, "deeper", "chaos.json");
  try {
    await work({ file, left: () => JSON.parse(readFileSync(file, "utf8")).left });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Processes of which those in `dead` have ended. */
function processes(self: string, dead: readonly string[] = []): Processes {
  return { self, isAlive: (owner) => !dead.includes(owner) };
}

function life(journalFile: string, owners: Processes, armed = true) {
  const lines: string[] = [];
  const clock = simClock();
  const write = ({ message }: { readonly message: string }): void => void lines.push(message);
  const log = createLog({ level: "debug", wall: clock.wall, write });
  const chaos = createChaos({
    armed,
    clock,
    random: seeded(1),
    log,
    journalFile,
    processes: owners,
  });
  return { clock, chaos, lines };
}

const never = new Promise<never>(() => {});

test("the intent is on the disk before the target is touched, the undo data before anything else", async () => {
  await inPlace(async ({ file, left }) => {
    const seen: unknown[] = [];
    const { chaos } = life(file, processes("one"));
    chaos.register("wall", {
      disrupt: (_signal, save) => {
        seen.push(left().map(({ phase, undo }) => [phase, undo]));
        save({ rule: 1 });
        seen.push(left().map(({ phase, undo }) => [phase, undo]));
        return { rule: 1, table: "nat" };
      },
      recover: () => void seen.push(left().map(({ phase, undo }) => [phase, undo])),
    });
    await chaos.start();
    await chaos.disruptNow("wall");
    await chaos.stop();
    assert.deepEqual(seen, [
      [["intent", undefined]],
      [["intent", { rule: 1 }]],
      [["disrupted", { rule: 1, table: "nat" }]],
    ]);
    assert.deepEqual(left(), []);
  });
});

/** One process after the other: the first one puts the rule in and dies, the next one starts. */
type Lives = (rule: { on: boolean }) => Promise<void>;

test("fault: chaos iptables rule stays if the process dies", async () => {
  // The article keeps in memory what it disrupted; the next process starts with an empty memory.
  const article: Lives = async (rule) => {
    const life = () => ({
      disrupted: false,
      disrupt(): void {
        rule.on = true;
        this.disrupted = true;
      },
      stop(): void {
        if (this.disrupted) rule.on = false;
      },
    });
    life().disrupt();
    life().stop();
  };
  const dying =
    (dies: "during" | "after"): Lives =>
    (rule) =>
      inPlace(async ({ file, left }) => {
        const calls: [Json | undefined, boolean, boolean][] = [];
        const target: Target = {
          disrupt: async (_signal, save) => {
            save("was off");
            rule.on = true;
            if (dies === "during") await never;
            return "was off";
          },
          recover: (undo, { known, left }) => {
            calls.push([undo, known, left]);
            rule.on = false;
          },
        };
        const first = life(file, processes("one"));
        first.chaos.register("wall", target);
        await first.chaos.start();
        void first.chaos.disruptNow("wall");
        await first.clock.advance(1);
        assert.equal(rule.on, true);
        // It dies here. The next one is not even armed: taking back needs no arms.
        const next = life(file, processes("two", ["one"]), false);
        next.chaos.register("wall", target);
        await next.chaos.start();
        assert.deepEqual(calls, [["was off", dies === "after", true]]);
        assert.deepEqual(left(), []);
      });
  for (const dies of ["during", "after"] as const) {
    const subjects = { imitation: () => article, ours: () => dying(dies) };
    const shows = /the rule stays/;
    await onlyOursHolds<Lives>({ ...subjects, shows }, async (live) => {
      const rule = { on: false };
      await live(rule);
      assert.equal(rule.on, false, "the rule stays");
    });
  }
});

test("a process that dies before its target is touched leaves an intent, which is taken back", async () => {
  await inPlace(async ({ file, left }) => {
    const calls: unknown[] = [];
    const target: Target = { disrupt: () => never, recover: (...given) => void calls.push(given) };
    const first = life(file, processes("one"));
    first.chaos.register("wall", target);
    await first.chaos.start();
    void first.chaos.disruptNow("wall");
    await first.clock.advance(1);
    const next = life(file, processes("two", ["one"]), false);
    next.chaos.register("wall", target);
    await next.chaos.start();
    assert.partialDeepStrictEqual(calls, [[undefined, { known: false, left: true }]]);
    assert.deepEqual(left(), []);
  });
});

test("what is left of a target that is registered late, or never, is kept until it is", async () => {
  await inPlace(async ({ file, left }) => {
    const first = life(file, processes("one"));
    first.chaos.register("wall", { disrupt: () => 7, recover: () => {} });
    await first.chaos.start();
    await first.chaos.disruptNow("wall");

    const next = life(file, processes("two", ["one"]));
    await next.chaos.start();
    assert.equal(next.chaos.left[0]?.target, "wall");
    assert.ok(next.lines.some((line) => line.includes("no such target is registered")));
    const undone: unknown[] = [];
    next.chaos.register("wall", { disrupt: () => 8, recover: (undo) => void undone.push(undo) });
    await next.clock.advance(1);
    assert.deepEqual([undone, left()], [[7], []]);
  });
});

test("a journal of a process that is alive is left alone, and nothing is disrupted", async () => {
  await inPlace(async ({ file, left }) => {
    const target: Target = { disrupt: () => 7, recover: () => {} };
    const first = life(file, processes("one"));
    first.chaos.register("wall", target);
    await first.chaos.start();
    await first.chaos.disruptNow("wall");
    const other = life(file, processes("two"));
    other.chaos.register("wall", target);
    await other.chaos.start();
    assert.equal(other.chaos.gate.open, false);
    assert.match(other.chaos.gate.reason, /belongs to process one, which is alive/);
    await assert.rejects(other.chaos.disruptNow("wall"), /chaos is off/);
    assert.equal(left().length, 1);
    assert.deepEqual(await first.chaos.stop(), []);
  });
});

test("a damaged journal is not touched, and nothing is disrupted", async () => {
  await inPlace(async ({ file }) => {
    const first = life(file, processes("one"));
    await first.chaos.start();
    for (const damaged of ["{", '{"version":9}', '{"version":1,"owner":"one","left":[3]}']) {
      writeFileSync(file, damaged);
      const next = life(file, processes("two", ["one"]));
      next.chaos.register("wall", { disrupt: () => 7, recover: () => {} });
      await next.chaos.start();
      assert.equal(next.chaos.gate.open, false);
      await assert.rejects(next.chaos.disruptNow("wall"));
      assert.equal(readFileSync(file, "utf8"), damaged);
      assert.ok(next.lines.some((line) => line.includes("nothing is disrupted")));
    }
  });
});

test("a disk that refuses before the act leaves the target alone; after it, the target is taken back", async () => {
  await inPlace(async ({ file }) => {
    const { chaos, lines } = life(file, processes("one"));
    const calls: string[] = [];
    const undone: unknown[] = [];
    chaos.register("wall", {
      disrupt: () => {
        calls.push("disrupt");
        // From here on the file belongs to somebody else, and every write is refused.
        writeFileSync(file, '{"version":1,"owner":"other","left":[]}');
        return 7;
      },
      recover: (undo) => void undone.push(undo),
    });
    await chaos.start();
    await chaos.disruptNow("wall");
    assert.deepEqual([calls.length, undone], [1, [7]]);
    await chaos.disruptNow("wall");
    assert.equal(calls.length, 1);
    assert.ok(lines.some((line) => line.includes("is left alone, the journal refuses")));
  });
});

test("in-process targets stay out of the journal: a crash undoes them", async () => {
  await inPlace(async ({ file, left }) => {
    const { chaos } = life(file, processes("one"));
    chaos.fault("slow", { latencyMs: 100 });
    await chaos.start();
    await chaos.disruptNow("slow");
    assert.deepEqual(left(), []);
    await chaos.stop();
  });
});
