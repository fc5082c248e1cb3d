// What the loop makes of a drill: nobody is called, what is learned is marked, and its course is told.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drillProgress, drillRefusal, nothingLeft } from "../src/controller/drill.ts";
import type { Drill } from "../src/model/drill.ts";
import { concerns, timeline } from "../src/server/timeline.ts";
import { titleOf } from "../src/server/title.ts";
import type { Config } from "../src/wiring/config.ts";
import { aim } from "../src/wiring/drill-plan.ts";
import { resolve } from "../src/wiring/resolve.ts";
import { type Story, story } from "./support/story.ts";

const probe = { http: "/", failures: 3 };
const config: Config = {
  services: {
    db: { command: ["db"], port: 1, probe },
    web: { command: ["web"], replicas: 2, port: 2, probe, dependsOn: ["db"] },
    clock: { command: ["clock"], port: 3 },
    sums: { command: ["sums"], job: {} },
  },
  external: { mail: { tcp: "10.0.0.9:25" } },
  healing: { mode: "auto", verify: { healthy: "4s", timeout: "30s" } },
};

function begin(it: Story, over: Partial<Drill> = {}): Drill {
  const data: Drill = {
    ...{ id: "D1", kind: "kill", target: "web/1", services: ["web"], by: "ann" },
    ...{ goalMs: 30_000, limitMs: 90_000 },
    ...over,
  };
  it.emit({ type: "drill.began", subject: data.target, data });
  it.emit({ type: "drill.injected", subject: data.target, data: { id: data.id } });
  return data;
}

const progress = (it: Story, drill: Drill) => drillProgress(it.mind.state, drill, it.events);

describe("a drill", () => {
  it("is measured from the fault to what was seen, healed and verified", () => {
    const it = story(config);
    const drill = begin(it);
    it.exit("web/1", null, "SIGKILL");
    assert.equal(progress(it, drill).detectedMs, 0);
    it.perform();
    it.pass(1);
    assert.equal(progress(it, drill).healedMs, undefined);
    it.ready("web/1");
    assert.equal(progress(it, drill).healedMs, 1_000);
    it.pass(10);
    const { verifiedMs = 0, restsAsConfigured } = progress(it, drill);
    assert.ok(verifiedMs >= 5_000 && verifiedMs < 7_000, `verified after ${verifiedMs} ms`);
    assert.equal(restsAsConfigured, false);
    assert.deepEqual(progress(it, drill).done, ["start web/1"]);
  });

  it("marks its incident and what is learned from it, and nothing after it", () => {
    const it = story(config);
    begin(it);
    fallAndRise(it);
    const ended = { id: "D1", verdict: "passed", text: "healed" } as const;
    it.emit({ type: "drill.ended", subject: "web/1", data: ended });
    const incident = it.incident();
    assert.equal(incident.drill, "D1");
    assert.match(titleOf(incident), /crashed: killed by SIGKILL \(drill D1\)$/);
    const own = it.events.filter((event) => concerns(incident, event));
    const texts = timeline(incident, own).map((entry) => entry.text);
    assert.ok(texts.includes("drill D1: kill of web/1, by ann"));
    assert.ok(texts.includes("drill D1 is over: passed: healed"));
    it.pass(60);
    fallAndRise(it);
    assert.equal(it.incident("2").drill, undefined);
    const [lesson] = Object.values(it.mind.state.lessons);
    assert.deepEqual([lesson?.tried, lesson?.inDrills], [2, 1]);
  });

  it("calls nobody while nothing could be tried, and does when its time is over", () => {
    const it = story(config);
    begin(it, { services: ["web", "db"], target: "db", kind: "network" });
    for (const target of ["web/1", "web/2"]) it.sick(target, "status 500");
    it.pass(4);
    evidence(it, "web/1");
    it.pass(60);
    assert.equal(it.incident().diagnosis?.kind, "common-cause");
    assert.equal(it.incident().standing?.why.rule, "drill");
    assert.deepEqual(it.done(), []);
    it.pass(40);
    assert.deepEqual(it.done(), ["page web"]);
  });

  it("calls people when its healing has failed", () => {
    const it = story({ ...config, healing: { ...config.healing, perHour: 1 } });
    begin(it, { kind: "freeze", limitMs: 600_000 });
    it.sick("web/1", "no answer within 1000 ms");
    it.pass(4);
    evidence(it, "web/1");
    it.perform();
    it.ready("web/1");
    it.sick("web/1", "no answer within 1000 ms");
    it.pass(40);
    assert.deepEqual(it.done(), ["restart web/1", "page web"]);
  });

  it("spares the incidents of other services nothing", () => {
    const it = story(config);
    begin(it);
    it.sick("clock/1", "status 500");
    it.exit("clock/1", 1);
    assert.equal(it.incident().drill, undefined);
  });

  it("may not begin beside a trouble, beside another one, or while healing is stopped", () => {
    const it = story(config);
    const rule = () => drillRefusal(it.mind.state, it.nowMs)?.rule;
    assert.equal(rule(), undefined);
    it.emit({ type: "operator.paused", subject: "x", data: { by: "ann", reason: "tests" } });
    assert.equal(rule(), "kill-switch");
    it.emit({ type: "operator.resumed", subject: "x", data: { by: "ann" } });
    begin(it);
    assert.equal(rule(), "one-drill");
    it.pass(91);
    assert.equal(rule(), undefined, "one that nobody ended is over with its time");
    it.exit("web/1", 1);
    assert.equal(rule(), "incident-open");
  });

  it("that would leave nothing to serve is told so", () => {
    const { state } = story(config).mind;
    const rule = (kind: Drill["kind"], target: string) =>
      nothingLeft(state, { kind, target })?.rule;
    assert.equal(rule("kill", "web/1"), undefined);
    assert.equal(rule("kill", "db/1"), "nothing-left");
    assert.equal(rule("gateway", "@gateway"), "nothing-left");
    assert.equal(rule("reboot", "@project"), "nothing-left");
    assert.equal(rule("daemon", "@daemon"), undefined);
  });

  it("is told that an expected end is answered by nobody", () => {
    const it = story(config);
    const drill = begin(it, { kind: "stop" });
    it.exit("web/1", 0);
    assert.equal(progress(it, drill).restsAsConfigured, true);
    it.start("web/1");
    assert.equal(progress(it, drill).restsAsConfigured, false);
  });
});

describe("what a drill is aimed at", () => {
  const resolved = resolve(config, { folder: "/shop", file: "homeostat.json" });
  const at = (kind: Drill["kind"], target?: string) =>
    aim(story(config).mind.state, resolved, kind, target);

  it("is chosen where the most go on, or named", () => {
    assert.equal(at("kill").target, "web/1");
    assert.equal(at("kill", "db").target, "db/1");
    assert.deepEqual(at("kill", "db").services, ["db", "web"]);
    const { place, services, text } = at("network");
    assert.deepEqual(place, { host: "127.0.0.1", port: 1 });
    assert.deepEqual(services, ["db", "web"]);
    assert.match(text, /of everybody else here/);
  });

  it("is refused where nobody would see it, or nothing can be done", () => {
    assert.throws(() => at("freeze", "clock"), /clock\/1 has no probe/);
    assert.throws(() => at("kill", "mail"), /runs elsewhere/);
    assert.throws(() => at("kill", "sums"), /is a job/);
    assert.throws(() => at("kill", "wib"), /there is no service wib/);
    assert.throws(() => at("network", "mail"), /no dependency with a port.*dependencies: db/);
    assert.throws(() => at("daemon", "web"), /takes no target/);
  });
});

function fallAndRise(it: Story): void {
  it.exit("web/1", null, "SIGKILL");
  it.perform();
  it.ready("web/1");
  it.pass(10);
}

function evidence(it: Story, target: string): void {
  const data = { kind: "blocked-stack", target, summary: "idle", lines: [], tookMs: 5 } as const;
  it.emit({ type: "evidence.captured", subject: target, incident: "1", data });
}
