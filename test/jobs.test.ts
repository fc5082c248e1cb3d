// Jobs, and what people hold down, on paper: events go through the pure step, and are replayed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { replay } from "../src/controller/replay.ts";
import { type Command, createStep, emptyMind, type Mind } from "../src/controller/step.ts";
import type { Event, InputDraft } from "../src/model/event.ts";
import type { Job } from "../src/model/job.ts";
import type { Tick } from "../src/stores/store.ts";
import { traits } from "../src/wiring/actions.ts";
import type { ServiceConfig } from "../src/wiring/config.ts";
import type { JobConfig } from "../src/wiring/config-order.ts";
import { detectorRules } from "../src/wiring/kinds.ts";
import { resolve } from "../src/wiring/resolve.ts";

const restart = { backoff: { first: "1s", factor: 2, max: "30s" } } as const;

/** A project of one service "work"; every run that is decided on starts at once. */
function scene(over: Partial<ServiceConfig> & { readonly job?: JobConfig }) {
  const step = createStep({ rulesFor: detectorRules(), traits });
  const config = { services: { work: { command: "work", restart, ...over } } };
  const { policy } = resolve(config, { folder: "/shop", file: "homeostat.json" });
  const events: Event[] = [];
  const ticks: Tick[] = [];
  const commands: Command[] = [];
  let mind: Mind = emptyMind;
  let nowMs = 1_000_000;
  let pid = 1;

  const take = (stepped: ReturnType<typeof step>): void => {
    mind = stepped.mind;
    events.push(...stepped.events);
    commands.push(...stepped.commands);
  };
  const emit = (draft: InputDraft): void => take(step(mind, { kind: "event", draft, atMs: nowMs }));
  const daemon = (): void => {
    const data = { pid: 1, bootId: "boot", version: "0", offsetMs: 500_000 };
    emit({ type: "daemon.started", subject: "shop", data });
    emit({ type: "config.applied", subject: "shop", data: { policy } });
  };
  daemon();
  return {
    daemon,
    emit,
    commands,
    get job(): Job {
      const job = mind.state.jobs.work;
      if (!job) throw new Error("there is no job");
      return job;
    },
    get state() {
      return mind.state;
    },
    due: (by = "schedule") => {
      const data = by === "schedule" ? { by, dueAt: nowMs + 500_000 } : { by };
      emit({ type: "job.due", subject: "work", data });
    },
    start: (by = "cli") => {
      pid += 1;
      const identity = { pid, startTicks: pid, bootId: "boot" };
      const data = { identity, run: `R${pid}`, by };
      emit({ type: "instance.started", subject: "work/1", data });
    },
    exit: (code: number | null, more: { stopped?: boolean; overdue?: true } = {}) => {
      const expected = code === 0 || more.stopped === true;
      const text = code === null ? "killed by SIGTERM" : `exit code ${code}`;
      const data = { code, signal: null, expected, uptimeMs: 700, text, lastLines: ["bye"] };
      emit({ type: "instance.exited", subject: "work/1", data: { ...data, ...more } });
    },
    /** Does what the last action asks, at once and with success. */
    perform: () => {
      const last = commands.findLast((one) => one.kind === "act");
      assert.ok(last?.kind === "act", "nothing is intended");
      const { id: action, incident, target: subject } = last.intent;
      emit({ type: "action.started", subject, incident, data: { action } });
      const receipt = { action, steps: [] };
      emit({ type: "action.done", subject, incident, data: { action, receipt } });
    },
    pass: (seconds: number) => {
      for (let i = 0; i < seconds * 4; i++) {
        nowMs += 250;
        const n = ticks.length + 1;
        ticks.push({ n, atMs: nowMs, afterSeq: mind.state.seq, readings: [] });
        take(step(mind, { kind: "tick", readings: [], atMs: nowMs }));
      }
    },
    /** What was decided on the job, as "run 2 of 3". */
    told: () =>
      events.flatMap((event) => {
        if (event.type === "job.run") {
          const { attempt, of, replaces } = event.data;
          return [`run ${attempt} of ${of}${replaces ? ", replacing" : ""}`];
        }
        return event.type === "job.skipped" || event.type === "job.queued" ? [event.type] : [];
      }),
    types: () => new Set(events.map(({ type }) => type)),
    replays: () => {
      const again = replay(step, events, ticks, policy.project);
      assert.equal(again.difference, undefined);
      assert.equal(again.decisions, events.length - again.inputs);
    },
  };
}

describe("a job", () => {
  it("that ends with 0 has completed: no symptom, no restart", () => {
    const it = scene({ job: {} });
    it.due("boot");
    assert.deepEqual(it.commands, [
      { kind: "run", run: { service: "work", by: "boot", replaces: false } },
    ]);
    it.start();
    it.pass(60);
    it.exit(0);
    it.pass(60);
    assert.deepEqual(it.told(), ["run 1 of 3"]);
    assert.equal(it.types().has("symptom.raised"), false);
    const { result, attempts, tookMs, lastLines } = it.job.last ?? {};
    assert.deepEqual(
      { result, attempts, tookMs, lastLines },
      { result: "completed", attempts: 1, tookMs: 700, lastLines: ["bye"] },
    );
    it.replays();
  });

  it("that fails is tried again after a growing wait, and only then an incident", () => {
    const it = scene({ job: { retries: 2 } });
    it.due("boot");
    for (const waitS of [1, 2]) {
      it.start();
      it.exit(3);
      it.pass(waitS - 0.25);
      const before = it.told().length;
      it.pass(0.5);
      assert.equal(it.told().length, before + 1, `the wait of ${waitS} s`);
      assert.equal(it.types().has("symptom.raised"), false);
    }
    it.start();
    it.exit(3);
    it.pass(5);
    assert.deepEqual(it.told(), ["run 1 of 3", "run 2 of 3", "run 3 of 3"]);
    assert.equal(it.job.last?.attempts, 3);
    const incident = it.state.incidents["1"];
    assert.equal(incident?.diagnosis?.text, "work failed: exit code 3");
    assert.deepEqual(
      incident?.plan?.rungs.map(({ action }) => action),
      ["page"],
    );
    it.replays();
  });

  it("that fails at last is well again with its next success", () => {
    const it = scene({ job: { retries: 0 }, healing: { verify: { healthy: "1s" } } });
    it.due("boot");
    it.start();
    it.exit(1);
    it.perform();
    it.pass(2);
    assert.equal(Object.keys(it.state.symptoms).length, 1);
    it.due("cli");
    it.start();
    it.pass(2);
    assert.equal(Object.keys(it.state.symptoms).length, 1, "it runs, and has not done it yet");
    it.exit(0);
    it.pass(20);
    assert.deepEqual(it.state.symptoms, {});
    assert.equal(it.state.incidents["1"]?.state, "resolved");
    it.replays();
  });

  it("that takes too long has failed, one that people stopped has not", () => {
    const late = scene({ job: { retries: 0 } });
    late.due("boot");
    late.start();
    late.exit(null, { overdue: true });
    late.pass(1);
    assert.equal(late.job.last?.result, "overdue");
    assert.ok(late.types().has("symptom.raised"));
    const stopped = scene({ job: { retries: 5 } });
    stopped.due("boot");
    stopped.start();
    stopped.exit(null, { stopped: true });
    stopped.pass(60);
    assert.equal(stopped.job.last?.result, "stopped");
    assert.deepEqual(stopped.told(), ["run 1 of 6"]);
    assert.equal(stopped.types().has("symptom.raised"), false);
    stopped.replays();
  });

  it("is not tried again when its restarts are never, nor while all healing is stopped", () => {
    const never = scene({ job: {}, restart: { when: "never" } });
    never.due("boot");
    never.start();
    never.exit(1);
    never.pass(60);
    assert.deepEqual(never.told(), ["run 1 of 3"]);
    const paused = scene({ job: {} });
    paused.due("boot");
    paused.start();
    paused.exit(1);
    paused.emit({ type: "operator.paused", subject: "shop", data: { by: "ada", reason: "" } });
    paused.pass(60);
    assert.deepEqual(paused.told(), ["run 1 of 3"]);
    paused.emit({ type: "operator.resumed", subject: "shop", data: { by: "ada" } });
    assert.deepEqual(paused.told(), ["run 1 of 3", "run 2 of 3"]);
    paused.replays();
  });

  it("that was decided on when the daemon died runs once it is known that it does not", () => {
    const lost = scene({ job: {} });
    lost.due("boot");
    lost.daemon();
    assert.deepEqual(lost.told(), ["run 1 of 3"]);
    lost.pass(1.25);
    assert.deepEqual(lost.told(), ["run 1 of 3", "run 1 of 3"]);
    const found = scene({ job: {} });
    found.due("boot");
    found.daemon();
    const data = { identity: { pid: 9, startTicks: 9, bootId: "boot" }, run: "R9" };
    found.emit({ type: "instance.adopted", subject: "work/1", data });
    found.pass(60);
    found.exit(0);
    assert.deepEqual(found.told(), ["run 1 of 3"]);
    assert.equal(found.job.last?.result, "completed");
    found.replays();
  });
});

describe("a job that is due while it runs", () => {
  const scheduled = (overlap: "skip" | "queue" | "replace") =>
    scene({ job: { schedule: "* * * * *", overlap, retries: 1 } });

  it("is left out, and counted, also between two tries", () => {
    const it = scheduled("skip");
    it.due();
    it.start();
    it.due();
    it.exit(1);
    it.due();
    assert.deepEqual(it.told(), ["run 1 of 2", "job.skipped", "job.skipped"]);
    assert.equal(it.job.skipped, 2);
    it.replays();
  });

  it("waits for its end, one at most", () => {
    const it = scheduled("queue");
    it.due();
    it.start();
    it.due();
    it.due();
    assert.deepEqual(it.told(), ["run 1 of 2", "job.queued", "job.skipped"]);
    it.exit(0);
    assert.deepEqual(it.told().at(-1), "run 1 of 2");
    it.start();
    it.exit(0);
    it.pass(5);
    assert.equal(it.told().length, 4);
    it.replays();
  });

  it("takes its place, and the end of the one before is not its own", () => {
    const it = scheduled("replace");
    it.due();
    it.start();
    it.due();
    assert.equal(it.told().at(-1), "run 1 of 2, replacing");
    assert.ok(it.commands.some((one) => one.kind === "run" && one.run.replaces));
    it.exit(null, { stopped: true });
    assert.ok(it.job.round, "the new round is on");
    it.start();
    it.exit(0);
    assert.equal(it.job.last?.result, "completed");
    assert.equal(it.job.ended, 1);
    it.replays();
  });
});

describe("what people stop", () => {
  const stop: InputDraft = { type: "operator.stopped", subject: "work", data: { by: "ada" } };
  const start: InputDraft = { type: "operator.started", subject: "work", data: { by: "ada" } };

  it("is started by nobody else, and what it was ill with is over", () => {
    const it = scene({ healing: { mode: "auto", verify: { healthy: "1s" } } });
    it.start("boot");
    it.exit(1);
    it.pass(2);
    assert.equal(it.commands.filter((one) => one.kind === "act").length, 1);
    const crashed = scene({ healing: { mode: "auto", verify: { healthy: "1s" } } });
    crashed.start("boot");
    crashed.emit(stop);
    crashed.exit(1);
    crashed.pass(600);
    assert.deepEqual(crashed.commands, []);
    assert.deepEqual(crashed.state.symptoms, {});
    crashed.replays();
  });

  it("in the middle of its incident ends that without an action", () => {
    const it = scene({ healing: { mode: "suggest", verify: { healthy: "1s" } } });
    it.start("boot");
    it.exit(1);
    it.pass(1);
    assert.equal(it.state.incidents["1"]?.approvals.length, 1);
    it.emit(stop);
    it.emit({
      type: "operator.approved",
      subject: "work/1",
      incident: "1",
      data: { approval: "P1", by: "ada" },
    });
    it.pass(60);
    assert.deepEqual(
      it.commands.filter((one) => one.kind === "act"),
      [],
    );
    assert.equal(it.state.incidents["1"]?.state, "resolved");
    it.replays();
  });

  it("stays so when the daemon dies, until people start it", () => {
    const it = scene({ job: { schedule: "* * * * *" } });
    it.emit(stop);
    it.daemon();
    it.due();
    assert.deepEqual(it.told(), ["job.skipped"]);
    assert.equal(it.state.held.work?.by, "ada");
    it.pass(600);
    it.emit(start);
    assert.equal(it.job.doneAt, it.state.atMs + 500_000, "nothing of that time was missed");
    it.due();
    assert.deepEqual(it.told(), ["job.skipped", "run 1 of 3"]);
    it.replays();
  });

  it("between two tries is tried no more", () => {
    const it = scene({ job: {} });
    it.due("boot");
    it.start();
    it.exit(1);
    it.emit(stop);
    it.pass(60);
    it.emit(start);
    it.pass(60);
    assert.deepEqual(it.told(), ["run 1 of 3"]);
    assert.equal(it.job.last?.result, "stopped");
    it.replays();
  });
});
