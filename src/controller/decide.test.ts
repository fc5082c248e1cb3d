// A disk that is full for a while: what was decided waits, what comes meanwhile too, and in its order.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import type { Event, InputDraft } from "../model/event.ts";
import { memoryStore } from "../stores/memory.ts";
import type { Store } from "../stores/store.ts";
import { createDecider } from "./decide.ts";
import { emptyMind, type Step } from "./step.ts";

const draft = (subject: string): InputDraft => ({
  ...{ type: "operator.stopped", subject, data: { by: "ann" } },
});

/** Every event is a decision, and a command too. */
const step: Step = (mind, input) => {
  if (input.kind === "tick") return { mind, events: [], commands: [] };
  const seq = mind.state.seq + 1;
  const event = { ...input.draft, seq, atMs: input.atMs, time: "" } as Event;
  const run = { service: event.subject, by: "test", replaces: false };
  const after = { ...mind, state: { ...mind.state, seq } };
  return { mind: after, events: [event], commands: [{ kind: "run", run }] };
};

function scene(fault: () => unknown, onDone: (subject: string) => void = () => {}) {
  const store: { -readonly [K in keyof Store]: Store[K] } = memoryStore();
  const guarded =
    <T extends unknown[]>(work: (...args: T) => void) =>
    (...args: T): void => {
      const found = fault();
      if (found !== undefined) throw found;
      work(...args);
    };
  const full: Store = {
    ...store,
    append: guarded((events: readonly Event[]) => store.append(events)),
    appendTick: guarded(store.appendTick),
  };
  const done: string[] = [];
  const told: (string | undefined)[] = [];
  const broken: unknown[] = [];
  const decider = createDecider({
    ...{ store: full, step, clock: { now: () => 1_000 }, mind: emptyMind, ticks: 0 },
    onDecided: () => {},
    onCommand: (command) => {
      if (command.kind !== "run") return;
      done.push(command.run.service);
      onDone(command.run.service);
    },
    onFull: (why) => told.push(why),
    onBroken: (error) => broken.push(error),
  });
  const events = (): readonly string[] => [...store.read()].map(({ subject }) => subject);
  return { decider, store, done, told, broken, events };
}

const isFull = new HomeostatError("JOURNAL_UNUSABLE", "journal.db: disk is full", {
  details: { sqlite: 13, full: true },
});

describe("a full disk", () => {
  it("lets nothing be done that is not durable, and loses nothing that happened", () => {
    let fault: unknown;
    const it = scene(() => fault);
    it.decider.take({ kind: "event", draft: draft("a") });
    fault = isFull;
    for (const name of ["b", "c", "d"]) it.decider.take({ kind: "event", draft: draft(name) });
    it.decider.take({ kind: "tick", readings: [] });
    it.decider.take({ kind: "again" });
    assert.deepEqual([it.done, it.events()], [["a"], ["a"]]);
    assert.match(it.decider.stuck ?? "", /disk is full/);
    fault = undefined;
    it.decider.take({ kind: "again" });
    it.decider.take({ kind: "tick", readings: [] });
    assert.deepEqual(it.events(), ["a", "b", "c", "d"]);
    assert.deepEqual(it.done, ["a", "b", "c", "d"]);
    assert.equal(it.decider.stuck, undefined);
    assert.equal(it.store.lastTick()?.n, 1, "a tick that was not kept did not happen");
    assert.equal(it.told.length, 2, "told once that it is full, and once that it is not");
    assert.deepEqual(it.broken, []);
  });

  it("is told apart from every other fault, which ends the loop", () => {
    const fault = new HomeostatError("JOURNAL_UNUSABLE", "disk I/O error", {
      details: { sqlite: 10 },
    });
    const it = scene(() => fault);
    it.decider.take({ kind: "event", draft: draft("a") });
    assert.deepEqual(it.broken, [fault]);
    assert.deepEqual(it.told, []);
  });
});

describe("events that are taken together", () => {
  it("are written with one commit, and nothing is done before it", () => {
    const it = scene(() => undefined);
    const commits: { readonly events: number; readonly done: number }[] = [];
    const { append } = it.store;
    it.store.append = (events) => {
      commits.push({ events: events.length, done: it.done.length });
      append(events);
    };
    it.decider.together(() => {
      it.decider.take({ kind: "event", draft: draft("a") });
      it.decider.take({ kind: "tick", readings: [] });
      it.decider.take({ kind: "event", draft: draft("b") });
      assert.equal(it.store.lastTick(), undefined, "a tick must not be written before its events");
    });
    assert.deepEqual(commits, [{ events: 2, done: 0 }]);
    assert.deepEqual(it.done, ["a", "b"]);
    assert.equal(it.store.lastTick()?.afterSeq, 2);
    it.decider.take({ kind: "event", draft: draft("c") });
    assert.deepEqual(it.events(), ["a", "b", "c"]);
  });

  it("wait together when the disk is full", () => {
    let fault: unknown = isFull;
    const it = scene(() => fault);
    it.decider.together(() => {
      it.decider.take({ kind: "event", draft: draft("a") });
      it.decider.take({ kind: "event", draft: draft("b") });
    });
    assert.equal(it.decider.mind.state.seq, 0);
    it.decider.together(() => it.decider.take({ kind: "event", draft: draft("c") }));
    fault = undefined;
    it.decider.take({ kind: "again" });
    assert.deepEqual(it.events(), ["a", "b", "c"]);
    assert.deepEqual(it.done, ["a", "b", "c"]);
  });

  it("take their turn when they come from what is being done", () => {
    const it = scene(
      () => undefined,
      (subject) => {
        if (subject !== "a") return;
        it.decider.together(() => {
          it.decider.take({ kind: "event", draft: draft("b") });
          it.decider.take({ kind: "event", draft: draft("c") });
        });
      },
    );
    it.decider.take({ kind: "event", draft: draft("a") });
    assert.deepEqual(it.events(), ["a", "b", "c"]);
    assert.equal(it.decider.mind.state.seq, 3);
  });
});
