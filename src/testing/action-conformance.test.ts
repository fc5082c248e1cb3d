// The action suite itself: a sound kind passes it, and each planted fault is caught by its check.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Action, ActionContext } from "../actions/action.ts";
import { systemClock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { ActionTraits, Intent } from "../model/action.ts";
import { because } from "../model/reason.ts";
import { type ActionUnderTest, actionChecks, type Deed } from "./action-conformance.ts";
import { failing } from "./planted.ts";

const traits: ActionTraits = { risk: "medium", reversible: false, destructive: false };

const underTest = (make: (deed: Deed) => Action): ActionUnderTest => ({
  make,
  intent: {
    ...{ id: "A7", incident: "3", kind: "restart", target: "web/1", ladder: 1, rung: 0 },
    why: because("ladder", "1 rung is tried"),
  },
});

/** Does one deed, and tells it. */
async function once(deed: Deed, what: string, { clock, step }: ActionContext): Promise<void> {
  const fromMs = clock.now();
  await deed(what);
  step(`done: ${what}`, clock.now() - fromMs);
}

type Apply = Action["apply"];

/** A kind of two deeds, done as `apply` says; the sound way is what it is given. */
const doing =
  (apply: (deed: Deed, sound: Apply) => Apply, more: Partial<Action> = {}) =>
  (deed: Deed): Action => {
    const sound: Apply = async (intent, ctx) => {
      await once(deed, `drain ${intent.target}`, ctx);
      await once(deed, `flush ${intent.target}`, ctx);
    };
    return { name: "restart", traits, apply: apply(deed, sound), ...more };
  };

const sound = doing((_, inner) => inner);

const withTraits = (more: Partial<ActionTraits>): ((deed: Deed) => Action) =>
  doing((_, inner) => inner, { traits: { ...traits, ...more } });

function learning(deed: Deed): Action {
  const inner = sound(deed);
  let ran = false;
  return {
    name: "restart",
    get traits() {
      return { ...traits, reversible: ran };
    },
    apply: async (intent, ctx) => {
      ran = true;
      await inner.apply(intent, ctx);
    },
  };
}

function hasty(deed: Deed): Action {
  void deed("look around").catch(() => {});
  return sound(deed);
}

const silent = doing((_, inner) => (intent, ctx) => inner(intent, { ...ctx, step: () => {} }));

const garbled = doing((_, inner) => (intent, ctx) => {
  const step = (text: string, tookMs: number): void => ctx.step(`${text} ${String({})}`, tookMs);
  return inner(intent, { ...ctx, step });
});

const realTime = doing((_, inner) => (intent, ctx) => {
  const step = (text: string): void => ctx.step(text, systemClock.now() + 0.5);
  return inner(intent, { ...ctx, step });
});

const atTheEnd = doing((_, inner) => async (intent, ctx) => {
  const kept: (readonly [string, number])[] = [];
  await inner(intent, { ...ctx, step: (...told) => kept.push(told) });
  for (const told of kept) ctx.step(...told);
});

const swallowing = doing((_, inner) => (intent, ctx) => inner(intent, ctx).catch(() => {}));

const forgiving = doing(
  (_, inner) => (intent, ctx) =>
    inner(intent, ctx).catch((error: unknown) => ctx.step(`but ${messageOf(error)}`, 0)),
);

const leavingWork = doing((deed) => async (intent, ctx) => {
  await once(deed, `drain ${intent.target}`, ctx);
  void once(deed, `flush ${intent.target}`, ctx).catch(() => {});
});

const leavingTimer = doing((_, inner) => async (intent, ctx) => {
  void ctx.clock.sleep(60_000);
  await inner(intent, ctx);
});

const cautious = doing((_, inner) => {
  let lastMs = Number.NEGATIVE_INFINITY;
  return async (intent, ctx) => {
    if (ctx.clock.now() - lastMs < 60_000) return;
    lastMs = ctx.clock.now();
    await inner(intent, ctx);
  };
});

const mixing = doing((_, inner) => {
  let latest: ActionContext | undefined;
  return (intent, ctx) => {
    latest = ctx;
    return inner(intent, { ...ctx, step: (...told) => (latest ?? ctx).step(...told) });
  };
});

const changing = doing((_, inner) => (intent, ctx) => {
  Object.assign(intent satisfies Intent, { rung: intent.rung + 1 });
  return inner(intent, ctx);
});

const hanging = doing(() => () => new Promise<void>(() => {}));

const all = actionChecks.map(([says]) => says);
const [declares = "", constant = "", does = "", measures = "", atOnce = ""] = all;
const [tellsWhy = "", fails = "", whole = "", always = "", own = "", changes = ""] = all.slice(5);

type Fault = readonly [(deed: Deed) => Action, ...caughtBy: string[]];
const faults: Readonly<Record<string, Fault>> = {
  "a low risk that cannot be taken back": [withTraits({ risk: "low" }), declares],
  "it takes a process away and nothing is lost": [
    withTraits({ risk: "none", destructive: true }),
    declares,
  ],
  "its traits are others once it ran": [learning, constant],
  "it begins when it is made": [hasty, constant, tellsWhy, always],
  "it tells no steps": [silent, does, measures],
  "it tells what nobody can read": [garbled, does],
  "it measures by a clock of its own": [realTime, measures],
  "it tells its steps at the end": [atTheEnd, atOnce],
  "it swallows what went wrong": [swallowing, tellsWhy, fails],
  "it has done nothing and calls that done": [forgiving, fails],
  "it leaves a deed to itself": [leavingWork, tellsWhy, whole],
  "it leaves a timer": [leavingTimer, whole],
  "it has a cooldown of its own": [cautious, always, own],
  "its steps go to whoever came last": [mixing, own],
  "it changes what it was asked": [changing, changes],
  "it never ends": [hanging, ...all.slice(1)],
};

it("a sound action passes", async () => {
  assert.deepEqual(await failing(actionChecks, () => underTest(sound)), []);
});

for (const [fault, [make, ...caughtBy]] of Object.entries(faults)) {
  it(`the action suite catches it: ${fault}`, async () => {
    const failed = await failing(actionChecks, () => underTest(make));
    assert.deepEqual(failed, caughtBy);
  });
}

it("each check of the action suite has caught a fault", () => {
  const caught = new Set(Object.values(faults).flatMap(([, ...caughtBy]) => caughtBy));
  assert.deepEqual(
    all.filter((says) => !caught.has(says)),
    [],
  );
});
