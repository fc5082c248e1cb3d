// What is remembered from a snapshot is what the whole journal says, whoever kept it and wherever.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../model/event.ts";
import { memoryStore } from "../stores/memory.ts";
import type { Store } from "../stores/store.ts";
import { sampleEvents } from "../testing/sample-events.ts";
import { remember } from "./remember.ts";

const program = "1.2.3";
const count = 1_200;

function filled(): { readonly store: Store; readonly asked: number[] } {
  const store = memoryStore();
  store.append(sampleEvents(1, count));
  const asked: number[] = [];
  const read = (afterSeq = 0): Iterable<Event> => {
    asked.push(afterSeq);
    return store.read(afterSeq);
  };
  return { store: { ...store, read }, asked };
}

test("a snapshot and the events after it make the state of the whole journal", () => {
  const { store, asked } = filled();
  const whole = remember(store).state;
  for (const at of [1, 13, 700, count]) {
    const part = memoryStore();
    part.append(sampleEvents(1, at));
    store.keepSnapshot?.({ program, seq: at, made: remember(part).state });
    assert.deepEqual(remember(store, program).state, whole);
    assert.equal(asked.at(-1), at, "events that are in the snapshot were read");
  }
});

test("what another program has made is not used", () => {
  const { store, asked } = filled();
  const whole = remember(store).state;
  store.keepSnapshot?.({ program: "1.2.2", seq: 13, made: { ...whole, seq: 13 } });
  assert.deepEqual(remember(store, program).state, whole);
  assert.equal(asked.at(-1), 0);
});

test("one is kept when enough is new, later while something is healed, and none without a program", () => {
  const { store } = filled();
  const kept: number[] = [];
  const noting = { ...store, keepSnapshot: ({ seq }: { seq: number }) => void kept.push(seq) };
  const { state, keep } = remember(noting, program);
  const quiet = { ...state, incidents: {} };
  const [open] = Object.values(state.incidents);
  assert.ok(open, "the samples have an incident");
  const busy = { ...state, incidents: { one: { ...open, state: "open" as const } } };
  keep({ ...busy, seq: count });
  assert.deepEqual(kept, []);
  keep({ ...quiet, seq: count });
  assert.deepEqual(kept, [count], "all of the journal had to be read");
  keep({ ...quiet, seq: count + 499 });
  keep({ ...busy, seq: count + 600 });
  keep({ ...quiet, seq: count + 600 });
  keep({ ...quiet, seq: count + 700 });
  keep({ ...quiet, seq: count + 701 }, 1);
  keep({ ...busy, seq: count + 9_000 });
  assert.deepEqual(kept, [count, count + 600, count + 701, count + 9_000]);
  remember(noting).keep({ ...quiet, seq: count + 99_000 }, 1);
  assert.equal(kept.length, 4);
});
