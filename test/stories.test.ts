// What the loop does about each kind of trouble, told step by step: the promises of the README.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { metrics } from "../src/model/reading.ts";
import { doingOf } from "../src/server/title.ts";
import type { Config } from "../src/wiring/config.ts";
import { type Story, story } from "./support/story.ts";

const probe = { http: "/health", failures: 3 };
const shop: Config = {
  services: {
    api: {
      command: ["api"],
      port: 1,
      probe,
      limits: { p95: "500ms", for: "1s" },
      degradable: true,
      configFiles: ["api.json"],
    },
    web: { command: ["web"], replicas: 2, port: 2, probe, dependsOn: ["api"] },
  },
  healing: { mode: "auto", verify: { healthy: "4s", timeout: "30s" } },
};
const hung = "no answer within 1000 ms";

/** A shop whose api has run well on its config. */
function proven(): Story {
  const it = story(shop);
  change(it, "good");
  it.exit("api/1", 0);
  it.start("api/1");
  it.ready("api/1");
  it.pass(10);
  return it;
}

/** It cannot live with a new one, and a start did not help: a rollback is intended. */
function fallIll(it: Story): void {
  change(it, "bad");
  it.exit("api/1", 78);
  it.perform();
  it.exit("api/1", 78);
}

function evidence(it: Story, target: string, blocked: boolean): void {
  const summary = blocked ? "event loop blocked in spin (a.js:1)" : "event loop answers";
  const data = { kind: "blocked-stack", target, summary, lines: [], blocked, tookMs: 5 } as const;
  it.emit({ type: "evidence.captured", subject: target, incident: "1", data });
}

function change(it: Story, version: string, by = "someone"): void {
  const data = { target: "api", what: "config", file: "api.json", version, by, atMs: it.nowMs };
  it.emit({ type: "change.seen", subject: "api", data: { ...data, what: "config" } });
}

const rules = (it: Story): readonly string[] => it.incident().refusals.map((one) => one.why.rule);

describe("a process that ends", () => {
  it("is started at once after a stable run, verified over the window, and counted", () => {
    const it = story(shop);
    it.exit("web/1", null, "SIGKILL");
    assert.deepEqual(it.done(), ["start web/1"]);
    it.perform();
    it.ready("web/1");
    it.pass(3.5);
    assert.equal(it.incident().state, "verifying");
    it.pass(1);
    assert.equal(it.incident().state, "resolved");
    const { tried, verified } = it.mind.state.lessons["crash:web start"] ?? {};
    assert.deepEqual([tried, verified], [1, 1]);
  });

  it("with exit code 0 is left alone", () => {
    const it = story(shop);
    it.exit("web/1", 0);
    it.pass(60);
    assert.deepEqual(it.done(), []);
  });

  it("again and again is started ever later, called a crash loop, given up, and told once", () => {
    const it = story(shop);
    it.exit("web/1", 1);
    for (let i = 0; i < 2_000 && it.incident().state !== "escalated"; i++) {
      const last = it.of("action.intended").at(-1);
      const isNew = last && it.incident().actions.at(-1)?.state === "intended";
      if (isNew) {
        const { kind } = it.perform();
        if (kind === "start") it.exit("web/1", 1);
      }
      it.pass(0.25);
    }
    assert.equal(it.incident().diagnosis?.kind, "crash-loop");
    const gaps = it
      .of("action.intended")
      .map((event) => event.atMs)
      .flatMap((atMs, i, all) => (i === 0 ? [] : [atMs - (all[i - 1] ?? 0)]));
    assert.deepEqual(gaps.slice(0, 5), [500, 1_000, 2_000, 4_000, 8_000]);
    assert.ok(rules(it).includes("give-up"));
    assert.equal(it.done().filter((what) => what.startsWith("page")).length, 1);
  });

  it("after a new config gets the last known good one back, and a failed rollback is undone", () => {
    const it = proven();
    assert.equal(it.mind.state.proven["api.json"]?.version, "good");
    fallIll(it);
    assert.equal(it.incident().diagnosis?.kind, "bad-change");
    assert.deepEqual(it.done(), ["start api/1", "rollback api"]);
    const rollback = it.incident().actions.at(-1);
    assert.deepEqual(rollback?.restoreFile, { file: "api.json", version: "good" });
    assert.deepEqual(rollback?.undo?.restoreFile, { file: "api.json", version: "bad" });
  });
});

describe("a process that hangs", () => {
  it("is restarted only after its stack was captured, and named", () => {
    const it = story(shop);
    it.sick("web/1", hung);
    it.pass(2);
    assert.deepEqual(it.done(), []);
    assert.equal(it.of("evidence.requested").length, 1);
    evidence(it, "web/1", true);
    assert.match(it.incident().diagnosis?.text ?? "", /web\/1 hangs: event loop blocked in spin/);
    assert.deepEqual(it.done(), ["restart web/1"]);
    assert.equal(it.incident().actions[0]?.stopWaitMs, 500);
  });

  it("soon after it was started anew is told apart at once: its window is not waited for", () => {
    const it = story(shop);
    it.exit("web/1", null, "SIGKILL");
    it.perform();
    it.ready("web/1");
    it.pass(1);
    const fromMs = it.nowMs;
    it.sick("web/1", hung);
    it.pass(2);
    evidence(it, "web/1", true);
    it.pass(1);
    const [first, second] = it.incident().actions;
    assert.equal(first?.outcome?.why.rule, "relapse");
    assert.equal(it.incident().diagnosis?.kind, "hang");
    assert.equal(second?.kind, "restart");
    assert.ok(it.nowMs - fromMs < 15_000, `${it.nowMs - fromMs}`);
    assert.ok(!it.incident().actions.some(({ kind }) => kind === "page"));
  });

  it("together with half of its group is a common cause: nobody is restarted, a person is told", () => {
    const it = story(shop);
    it.sick("web/1", hung);
    it.sick("web/2", hung);
    it.pass(2);
    evidence(it, "web/1", true);
    assert.equal(it.incident().diagnosis?.kind, "common-cause");
    assert.deepEqual(it.done(), ["page web"]);
  });

  it("is not restarted when that would leave too few: the refusal says how many", () => {
    const it = story(shop);
    it.emit({ type: "operator.paused", subject: "shop", data: { by: "test", reason: "hold" } });
    it.exit("web/2", 1);
    it.sick("web/1", hung);
    it.pass(2);
    it.emit({
      type: "evidence.captured",
      subject: "web/1",
      incident: "1",
      data: { kind: "blocked-stack", target: "web/1", summary: "x", lines: [], tookMs: 1 },
    });
    it.pass(1);
    assert.ok(!it.done().some((what) => what.startsWith("restart")));
  });

  it("and does not come back is handed to a person, and resolved when it does after all", () => {
    const it = story(shop);
    it.sick("web/1", hung);
    it.pass(2);
    evidence(it, "web/1", true);
    it.perform();
    it.pass(32);
    assert.deepEqual(it.done().slice(0, 2), ["restart web/1", "page web"]);
    it.perform();
    assert.equal(it.incident().state, "escalated");
    it.ready("web/1");
    it.pass(10);
    assert.equal(it.incident().state, "resolved");
  });
});

describe("slowness", () => {
  it("of a service that waits is no reason to restart it: the gateway answers until it is well", () => {
    const it = story(shop);
    it.measure("api", metrics.p95, 900);
    it.pass(5);
    assert.equal(it.incident().diagnosis?.kind, "slow-dependency");
    assert.deepEqual(it.done(), ["degrade api"]);
    assert.equal(it.incident().plan?.rejected[0]?.action, "restart");
    it.perform();
    it.measure("api", metrics.p95, undefined);
    it.pass(6);
    assert.ok(it.of("incident.mitigated").length === 1);
    assert.ok(it.mind.state.degraded.api);
    it.pass(20);
    assert.deepEqual(it.done(), ["degrade api", "restore api"]);
    it.perform();
    it.pass(6);
    assert.equal(it.incident().state, "resolved");
    assert.equal(it.mind.state.degraded.api, undefined);
  });

  it("of a service that uses its whole core is overload: a person is told", () => {
    const it = story(shop);
    it.measure("api", metrics.p95, 900);
    it.measure("api/1", metrics.cpu, 0.97);
    it.pass(5);
    assert.equal(it.incident().diagnosis?.kind, "overload");
    assert.deepEqual(it.done(), ["page api"]);
  });
});

describe("people", () => {
  it("stop everything, also what is dead stays down, and let it go on", () => {
    const it = story(shop);
    it.emit({ type: "operator.paused", subject: "shop", data: { by: "anna", reason: "look" } });
    it.exit("web/1", 1);
    it.pass(60);
    assert.deepEqual(it.done(), []);
    assert.deepEqual(rules(it), ["kill-switch"]);
    it.emit({ type: "operator.resumed", subject: "shop", data: { by: "anna" } });
    assert.deepEqual(it.done(), ["start web/1"]);
  });

  const asking: Config = { ...shop, healing: { ...shop.healing, modes: { restart: "suggest" } } };
  const asked = (): Story => {
    const it = story(asking);
    it.sick("web/1", hung);
    it.pass(2);
    evidence(it, "web/1", true);
    return it;
  };
  const place = { subject: "web/1", incident: "1" };

  it("are asked in mode suggest, and their yes runs once", () => {
    const it = asked();
    assert.deepEqual(it.done(), []);
    assert.equal(it.of("approval.asked").length, 1);
    const data = { approval: "P1", by: "anna" };
    it.emit({ type: "operator.approved", ...place, data });
    assert.deepEqual(it.done(), ["restart web/1"]);
    it.pass(5);
    assert.deepEqual(it.done(), ["restart web/1"]);
  });

  it("who say no, or nothing for 15 minutes, are told that it is theirs now", () => {
    const no = asked();
    no.emit({ type: "operator.denied", ...place, data: { approval: "P1", by: "anna" } });
    assert.deepEqual(no.done(), ["page web"]);
    const silent = asked();
    silent.pass(905);
    assert.deepEqual(silent.done(), ["page web"]);
    assert.equal(silent.of("approval.expired").length, 1);
  });
});

it("a person who is paged is told that it needs them, and why", () => {
  const it = story(shop);
  it.sick("web/1", hung);
  it.sick("web/2", hung);
  it.pass(2);
  evidence(it, "web/1", true);
  assert.deepEqual(it.done(), ["page web"]);
  const said = doingOf(it.incident(), it.nowMs);
  assert.match(said, /^It needs you: /);
  assert.doesNotMatch(said, /No action needed/);
});

describe("a daemon that died", () => {
  const reborn = { pid: 2, bootId: "boot", version: "0", offsetMs: 0 };

  it("before an action began puts it to the guards again", () => {
    const it = story(shop);
    it.exit("web/1", 1);
    it.emit({ type: "daemon.started", subject: "shop", data: reborn });
    assert.equal(it.of("action.abandoned").length, 1);
    assert.deepEqual(it.done(), ["start web/1", "start web/1"]);
    const ids = it.incident().actions.map((action) => action.id);
    assert.deepEqual(ids, ["A1", "A2"]);
  });

  it("again and again still knows what was being stopped", () => {
    const it = story(shop);
    it.emit({ type: "instance.stopping", subject: "web/1", data: { by: "A1" } });
    it.emit({ type: "daemon.started", subject: "shop", data: reborn });
    it.emit({ type: "daemon.started", subject: "shop", data: reborn });
    assert.equal(it.mind.state.instances["web/1"]?.state, "stopping");
    assert.equal(it.mind.state.instances["web/2"]?.state, "starting");
  });

  it("before it had put a file back puts it back, and starts nothing on the bad one", () => {
    const it = proven();
    fallIll(it);
    const [rollback] = it.of("action.intended").slice(-1);
    assert.equal(rollback?.type === "action.intended" && rollback.data.kind, "rollback");
    const begun = { action: it.incident().actions.at(-1)?.id ?? "" };
    it.emit({ type: "action.started", subject: "api", incident: "1", data: begun });
    it.emit({ type: "daemon.started", subject: "shop", data: reborn });
    assert.deepEqual(it.done(), ["start api/1", "rollback api"]);
    it.pass(2);
    assert.deepEqual(it.done(), ["start api/1", "rollback api", "rollback api"]);
    const why = it.incident().actions.find(({ id }) => id === begun.action)?.outcome?.why;
    assert.equal(why?.rule, "not-applied");
    assert.equal(it.incident().state, "healing");
  });

  it("after it had put a file back does not put it back again", () => {
    const it = proven();
    fallIll(it);
    const begun = { action: it.incident().actions.at(-1)?.id ?? "" };
    it.emit({ type: "action.started", subject: "api", incident: "1", data: begun });
    it.emit({ type: "daemon.started", subject: "shop", data: reborn });
    change(it, "good");
    it.pass(2);
    assert.deepEqual(it.done(), ["start api/1", "rollback api", "start api/1"]);
  });

  it("after it began verifies it and does not repeat it", () => {
    const it = story(shop);
    it.exit("web/1", 1);
    const started = { action: "A1" };
    it.emit({ type: "action.started", subject: "web/1", incident: "1", data: started });
    it.start("web/1");
    it.emit({ type: "daemon.started", subject: "shop", data: reborn });
    for (const target of ["web/1", "web/2", "api/1"]) it.ready(target);
    it.pass(6);
    assert.equal(it.of("action.interrupted").length, 1);
    assert.deepEqual(it.done(), ["start web/1"]);
    assert.equal(it.incident().state, "resolved");
  });
});

it("a healthy hour with single bad probes and a stalled daemon causes nothing", () => {
  const it = story(shop);
  const before = it.events.length;
  for (let i = 0; i < 60; i++) {
    it.sick("web/1", hung);
    it.pass(0.5);
    it.sick("web/1");
    it.pass(59.5);
    if (i % 10 === 0) it.nowMs += 30_000;
  }
  assert.equal(it.events.length, before);
});
