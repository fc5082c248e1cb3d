// What each action asks of its hands, beyond the contract that all of them keep to.
import assert from "node:assert/strict";
import { it } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { silentLog } from "../kernel/log.ts";
import type { Intent } from "../model/action.ts";
import { because } from "../model/reason.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import type { Action, ActionContext } from "./action.ts";
import { pageAction, type Way } from "./page.ts";
import { restartAction } from "./restart.ts";
import { rollbackAction } from "./rollback.ts";

const intent: Intent = {
  ...{ id: "A7", incident: "3", kind: "restart", target: "web/1", ladder: 1, rung: 0 },
  why: because("ladder", "1 rung is tried"),
};

/** Runs it and gives its steps, whether it failed or not. */
async function stepsOf(
  action: Action,
  what: Intent,
  signal: AbortSignal = new AbortController().signal,
  clock: SimClock = simClock(),
): Promise<{ readonly steps: readonly string[]; readonly error: unknown }> {
  const steps: string[] = [];
  const step: ActionContext["step"] = (text) => void steps.push(text);
  const ctx = { signal, clock, log: silentLog, step };
  const error: unknown = await action.apply(what, ctx).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { steps, error };
}

function restartHands(): { readonly asked: unknown[]; readonly action: Action } {
  const asked: unknown[] = [];
  const action = restartAction({
    start: async (target, by) => void asked.push({ start: target, by }),
    stop: async (target, how) => void asked.push({ stop: target, ...how }),
  });
  return { asked, action };
}

it("a restart stops and then starts, in the name of the action", async () => {
  const { asked, action } = restartHands();
  await stepsOf(action, intent);
  assert.deepEqual(asked, [
    { stop: "web/1", by: "A7" },
    { start: "web/1", by: "A7" },
  ]);
});

it("a restart of what cannot finish anything waits as long as it is told, and drains nothing", async () => {
  const { asked, action } = restartHands();
  await stepsOf(action, { ...intent, stopWaitMs: 500 });
  assert.deepEqual(asked[0], { stop: "web/1", by: "A7", waitMs: 500, drain: false });
});

it("a process that could not be stopped is not started a second time", async () => {
  const started: string[] = [];
  const action = restartAction({
    start: async (target) => void started.push(target),
    stop: () => Promise.reject(new Error("it does not end")),
  });
  const { error } = await stepsOf(action, intent);
  assert.match(String(error), /it does not end/);
  assert.deepEqual(started, []);
});

it("a rollback tells which version came back and who was started", async () => {
  const asked: unknown[] = [];
  const action = rollbackAction({
    restoreFile: async (...all) => void asked.push(all),
    startMissing: async () => ["web/1", "web/3"],
  });
  const restoreFile = { file: "web.json", version: "0123456789abcdef" };
  const { steps } = await stepsOf(action, { ...intent, target: "web", restoreFile });
  assert.deepEqual(asked, [["web", "web.json", "0123456789abcdef", "A7"]]);
  assert.deepEqual(steps, ["web.json 01234567 put back", "web/1 and web/3 started"]);
});

it("a rollback that names no file is a broken rule, and touches nothing", async () => {
  const never = (): never => assert.fail("nothing may be touched");
  const action = rollbackAction({ restoreFile: never, startMissing: never });
  const { error } = await stepsOf(action, intent);
  assert.ok(error instanceof HomeostatError && error.code === "INVARIANT");
});

const way = (name: string, tell: Way["tell"]): Way => ({ name, tell });

it("a page goes on when one way fails, and tells both", async () => {
  const told: string[] = [];
  const ways = [
    way("mail", () => Promise.reject(new Error("the server does not answer"))),
    way("chat", async (incident) => void told.push(incident)),
  ];
  const { steps, error } = await stepsOf(pageAction({ ways }), intent);
  assert.equal(error, undefined);
  assert.deepEqual(told, ["3"]);
  assert.deepEqual(steps.toSorted(), ["mail failed: the server does not answer", "told by chat"]);
});

it("a page that reaches nobody fails with every reason", async () => {
  const ways = ["mail", "chat"].map((name) =>
    way(name, () => Promise.reject(new Error(`no ${name}`))),
  );
  const { error } = await stepsOf(pageAction({ ways }), intent);
  assert.ok(error instanceof HomeostatError && error.code === "ACTION_FAILED");
  assert.equal(error.message, "mail: no mail; chat: no chat");
});

it("a page without any way has told nobody", async () => {
  const { error } = await stepsOf(pageAction({ ways: [] }), intent);
  assert.ok(error instanceof HomeostatError && error.code === "ACTION_FAILED");
});

it("a way that hangs is given up after half a minute, and keeps no other from telling", async () => {
  const clock = simClock();
  const told: string[] = [];
  const ways = [
    way("mail", () => new Promise(() => {})),
    way("chat", async (incident) => void told.push(incident)),
  ];
  const run = stepsOf(pageAction({ ways }), intent, undefined, clock);
  await clock.advance(0);
  assert.deepEqual(told, ["3"]);
  await clock.advance(30_000);
  const { steps, error } = await run;
  assert.equal(error, undefined);
  assert.deepEqual(steps, ["told by chat", "mail failed: no answer within 30000 ms"]);
});

it("a page that is ended ends each way", async () => {
  const cut = new AbortController();
  const given: AbortSignal[] = [];
  const tell: Way["tell"] = (_, one) => {
    given.push(one);
    return new Promise(() => {});
  };
  const ways = [way("mail", tell), way("chat", tell)];
  const run = stepsOf(pageAction({ ways }), intent, cut.signal);
  cut.abort(new Error("enough"));
  const { error } = await run;
  assert.ok(error instanceof HomeostatError && error.code === "ACTION_FAILED");
  assert.deepEqual(
    given.map(({ aborted }) => aborted),
    [true, true],
  );
});
