// What the loop makes of startup, readiness, liveness and certificates: on paper, tick by tick.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rotation } from "../src/controller/rotation.ts";
import { metrics } from "../src/model/reading.ts";
import type { Config } from "../src/wiring/config.ts";
import type { ProbesConfig } from "../src/wiring/config-probes.ts";
import { type Story, story } from "./support/story.ts";

const shop = (probes: ProbesConfig, replicas = 2): Config => ({
  healing: { mode: "auto" },
  services: { web: { command: "node web.js", port: 8_080, replicas, probes } },
});

const all: ProbesConfig = {
  startup: { http: "/started", interval: "1s", failures: 20 },
  readiness: { http: "/ready", failures: 2, successes: 2 },
  liveness: { http: "/live" },
};

/** Both instances run; `story` starts none by itself. */
function running(config: Config): Story {
  const it = story(config);
  for (const target of ["web/1", "web/2"]) {
    it.start(target);
    it.emit({ type: "instance.live", subject: target, data: { tookMs: 1 } });
    it.ready(target);
  }
  it.pass(1);
  return it;
}

const turns = (it: Story): readonly string[] =>
  rotation(it.mind.state, "web").map(({ instance, state }) => `${instance} ${state}`);

const raised = (it: Story): readonly string[] =>
  it
    .of("symptom.raised")
    .flatMap((event) => (event.type === "symptom.raised" ? [event.data.kind] : []));

describe("readiness", () => {
  test("takes an instance out of rotation and back, with no incident and nothing done", () => {
    const it = running(shop(all));
    it.measure("web/1", metrics.probeReady, 0);
    it.pass(1);
    assert.deepEqual(turns(it), ["web/1 draining", "web/2 ready"]);
    assert.deepEqual(raised(it), ["unready"]);
    it.pass(600);
    it.measure("web/1", metrics.probeReady, 1);
    it.pass(1);
    assert.deepEqual(turns(it), ["web/1 ready", "web/2 ready"]);
    assert.deepEqual(it.of("incident.opened"), []);
    assert.deepEqual(it.done(), []);
  });

  test("that fails everywhere leaves nobody: they say themselves that they want no traffic", () => {
    const it = running(shop(all));
    for (const target of ["web/1", "web/2"]) it.measure(target, metrics.probeReady, 0);
    it.pass(5);
    assert.deepEqual(turns(it), ["web/1 draining", "web/2 draining"]);
  });

  test("and a sick one: the sick one serves when nobody else wants to", () => {
    const it = running(shop(all));
    it.measure("web/1", metrics.probeReady, 0);
    it.sick("web/2", "status 500");
    it.pass(2);
    assert.deepEqual(turns(it), ["web/1 draining", "web/2 ready"]);
  });

  test("is known to a new daemon, which hears when it ends", () => {
    const it = running(shop(all));
    it.measure("web/1", metrics.probeReady, 0);
    it.pass(1);
    const data = { pid: 2, bootId: "boot", version: "0", offsetMs: 0 };
    it.emit({ type: "daemon.started", subject: "shop", data });
    it.pass(1);
    assert.deepEqual(turns(it), ["web/1 draining", "web/2 ready"]);
    it.emit({ type: "instance.live", subject: "web/1", data: { tookMs: 1 } });
    it.measure("web/1", metrics.probeReady, 1);
    it.pass(1);
    assert.deepEqual(turns(it), ["web/1 ready", "web/2 ready"]);
  });
});

describe("the start", () => {
  test("that takes longer than startup says is a symptom with what was last said", () => {
    const it = story(shop(all, 1));
    it.start("web/1");
    it.measure("web/1", metrics.probeStartup, 0);
    it.pass(19);
    assert.deepEqual(raised(it), []);
    it.pass(2);
    assert.deepEqual(raised(it), ["unresponsive"]);
  });

  test("is over when it lives, however long it takes to be ready", () => {
    const it = story(shop(all, 1));
    it.start("web/1");
    it.emit({ type: "instance.live", subject: "web/1", data: { tookMs: 1 } });
    it.measure("web/1", metrics.probeReady, 0);
    it.pass(600);
    assert.deepEqual(raised(it), []);
    assert.deepEqual(turns(it), []);
  });

  test("with a probe that cannot ask is for people, and nothing is restarted for it", () => {
    const it = story(shop(all, 1));
    it.start("web/1");
    it.measure("web/1", metrics.probeWorks, 0);
    it.pass(30);
    assert.deepEqual(raised(it), ["silent"]);
    assert.deepEqual(it.done(), ["page web"]);
  });
});

describe("liveness", () => {
  test("counts as soon as the start is over, also of one that is not ready yet", () => {
    const it = story(shop({ ...all, liveness: { http: "/live", failures: 3 } }, 1));
    it.start("web/1");
    it.measure("web/1", metrics.probe, 0);
    it.pass(10);
    assert.deepEqual(raised(it), []);
    it.emit({ type: "instance.live", subject: "web/1", data: { tookMs: 1 } });
    it.pass(1);
    assert.deepEqual(raised(it), ["failing"]);
  });

  test("by the word of the app may be unknown for long: silence is no sign", () => {
    const rules = (probes: ProbesConfig): readonly string[] =>
      Object.keys(story(shop(probes, 1)).mind.senses.detectors);
    assert.deepEqual(rules({ liveness: { http: "/" } }), ["web/1:probe", "web/1:silence"]);
    assert.deepEqual(rules({ liveness: { link: "live" } }), ["web/1:probe"]);
  });
});

test("a certificate that expires soon is told, and is no reason for anything", () => {
  const https = { path: "/", https: { warnDays: 14 } };
  const it = running(shop({ liveness: { http: https } }));
  it.measure("web/1", metrics.certificateLeft, 6.5 * 86_400_000);
  it.pass(60);
  assert.deepEqual(raised(it), ["expiring"]);
  const symptom = it.mind.state.symptoms["web/1:certificate"];
  assert.match(symptom?.why.text ?? "", /expires in 6 days/);
  assert.deepEqual(it.of("incident.opened"), []);
  assert.deepEqual(turns(it), ["web/1 ready", "web/2 ready"]);
  it.exit("web/2", 1);
  it.perform();
  it.ready("web/2");
  it.pass(30);
  assert.equal(it.incident().state, "resolved");
  it.measure("web/1", metrics.certificateLeft, 90 * 86_400_000);
  it.pass(1);
  assert.deepEqual(Object.keys(it.mind.state.symptoms), []);
});
