// What the loop does about services that run elsewhere: names them as the cause, and restarts nothing.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { metrics } from "../src/model/reading.ts";
import type { Config } from "../src/wiring/config.ts";
import { type Story, story } from "./support/story.ts";

const config: Config = {
  services: {
    web: { command: ["web"], port: 2, probe: { http: "/", failures: 3 }, dependsOn: ["db"] },
    api: { command: ["api"], port: 3, probe: { http: "/", failures: 3 } },
  },
  external: { db: { tcp: "10.0.0.5:5432", kuma: "Database", tellAfter: "1m" } },
  kuma: { token: "0123456789abcdef" },
  healing: { mode: "auto", verify: { healthy: "4s", timeout: "30s" } },
};

const ask = (it: Story, value: number): void => it.measure("db", metrics.probe, value);
const bad = "status 500: no database";

describe("a service that runs elsewhere", () => {
  it("is named as the cause, and those who depend on it are left alone", () => {
    const it = story(config);
    ask(it, 1);
    it.pass(1);
    ask(it, 0);
    it.sick("web/1", bad);
    it.pass(20);
    assert.equal(it.of("incident.opened").length, 1);
    const { service, diagnosis, plan, standing, symptoms } = it.incident();
    assert.equal(service, "db");
    assert.equal(diagnosis?.kind, "external-down");
    assert.match(diagnosis.text, /db is sick, and runs outside/);
    assert.deepEqual([...new Set(symptoms.map((one) => one.target))], ["db", "web/1"]);
    assert.match(plan?.rejected[0]?.why.text ?? "", /runs elsewhere: nothing here can mend it/);
    assert.equal(standing?.why.rule, "external-returns");
    assert.deepEqual(it.done(), []);
  });

  it("that comes back by itself ends its incident, without a word to people", () => {
    const it = story(config);
    ask(it, 0);
    it.pass(10);
    ask(it, 1);
    it.pass(10);
    assert.equal(it.incident().state, "resolved");
    assert.deepEqual(it.done(), []);
  });

  it("that stays away is told to people, and its incident ends when it is back", () => {
    const it = story(config);
    ask(it, 0);
    it.pass(70);
    assert.deepEqual(it.done(), ["page db"]);
    it.perform();
    it.pass(1);
    assert.equal(it.incident().state, "escalated");
    ask(it, 1);
    it.pass(10);
    assert.equal(it.incident().state, "resolved");
  });

  it("that has answered badly once is waited for, and nobody is restarted meanwhile", () => {
    const it = story(config);
    ask(it, 1);
    it.sick("web/1", bad);
    it.pass(2.5);
    ask(it, 0);
    it.pass(0.5);
    answer(it, false);
    assert.equal(it.incident().diagnosis?.kind, "dependency-down");
    ask(it, 1);
    it.pass(10);
    assert.deepEqual(it.done(), ["restart web/1"]);
  });

  it("holds a restart that is on its way, also of who depends on it over others", () => {
    const it = story(chain);
    touched(it);
    ask(it, 0);
    it.sick("web/2", bad);
    it.pass(5);
    answer(it, false, "web/2");
    it.pass(5);
    assert.equal(it.incident().standing?.why.rule, "external-sick");
    assert.match(it.incident().standing?.why.text ?? "", /db, which web depends on, is sick/);
    ask(it, 1);
    it.pass(10);
    assert.deepEqual(it.done(), ["restart web/1", "restart web/2"]);
  });

  it("holds no restart of a loop that was seen to block itself", () => {
    const it = story(chain);
    touched(it);
    ask(it, 0);
    it.sick("web/2", "no answer within 1000 ms");
    it.pass(5);
    answer(it, true, "web/2");
    it.pass(5);
    assert.deepEqual(it.done(), ["restart web/1", "restart web/2"]);
  });

  it("is sick when a watcher outside says so, and well when it says that", () => {
    const it = story(config);
    ask(it, 1);
    it.measure("db", metrics.watcher, 0);
    it.pass(1);
    assert.equal(it.incident().service, "db");
    assert.match(it.incident().symptoms[0]?.why.text ?? "", /a watcher outside says so/);
    it.measure("db", metrics.watcher, 1);
    it.pass(6);
    assert.equal(it.incident().state, "resolved");
  });

  it("whose probe is broken is not taken to be sick, and explains no sickness of others", () => {
    const it = story(config);
    it.measure("db", metrics.probeWorks, 0);
    it.pass(5);
    assert.match(it.incident().diagnosis?.text ?? "", /how db is cannot be asked/);
    it.sick("web/1", bad);
    it.pass(3);
    answer(it, false, "web/1", "2");
    it.pass(1);
    assert.deepEqual(it.done(), ["restart web/1"]);
  });
});

const chain: Config = {
  ...config,
  services: {
    api: { command: ["api"], port: 3, probe: { http: "/", failures: 3 }, dependsOn: ["db"] },
    web: {
      ...{ command: ["web"], port: 2, replicas: 2, dependsOn: ["api"] },
      probe: { http: "/", failures: 3 },
    },
  },
};

/** Something was done for web already: its incident does not move to another cause. */
function touched(it: Story): void {
  ask(it, 1);
  it.sick("web/1", bad);
  it.pass(3);
  answer(it, false);
  it.pass(1);
  it.perform();
  it.ready("web/1");
}

function answer(it: Story, blocked: boolean, target = "web/1", incident = "1"): void {
  const summary = blocked ? "event loop blocked in spin (a.js:1)" : "event loop answers";
  const data = { kind: "blocked-stack", target, summary, lines: [], blocked, tookMs: 5 } as const;
  it.emit({ type: "evidence.captured", subject: target, incident, data });
}
