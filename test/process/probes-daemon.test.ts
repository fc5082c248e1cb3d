// Startup, readiness and liveness with a real daemon, its gateway and services that misbehave.
import assert from "node:assert/strict";
import { get } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Event, EventType } from "../../src/model/event.ts";
import type { ServiceConfig } from "../../src/wiring/config.ts";
import type { ProbesConfig } from "../../src/wiring/config-probes.ts";
import { type Project, until } from "./support/project.ts";
import { project } from "./support/trial.ts";

const side = { concurrency: 2, timeout: 90_000 };

const program = (name: string): string[] => [
  ...[process.execPath, "--conditions=source"],
  fileURLToPath(new URL(`./support/${name}.ts`, import.meta.url)),
];

const fast = { interval: "100ms", timeout: "500ms", failures: 2 } as const;
/** What is not asked about must not be lost under a machine that is busy. */
const patient = { interval: "100ms", timeout: "2s" } as const;

const healing = {
  mode: "auto",
  cooldown: { first: 0, max: 0 },
  verify: { healthy: "300ms", timeout: "20s" },
} as const;

const probed = (
  port: number,
  probes: ProbesConfig,
  over: Partial<ServiceConfig> = {},
): ServiceConfig => ({ command: program("probed-app"), port, probes, healing, ...over });

/** What is answered on a fresh connection; undefined without an answer in time. */
function ask(port: number, path = "/", ms = 5_000): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path, agent: false, timeout: ms });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(undefined));
    request.on("response", (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve(response.statusCode === 200 ? body : undefined));
      response.on("error", () => resolve(undefined));
    });
  });
}

const of = (here: Project, ...types: readonly EventType[]): readonly Event[] =>
  here.journal().filter(({ type }) => types.includes(type));

async function answering(port: number, count = 20): Promise<ReadonlySet<string | undefined>> {
  const pids = new Set<string | undefined>();
  for (let i = 0; i < count; i++) pids.add(await ask(port));
  return pids;
}

describe("probes of a real daemon", side, () => {
  test("readiness takes an instance out of the gateway and back, and nothing is restarted", async (t) => {
    let port = 0;
    const here = await project(t, (_, free) => {
      port = free();
      const probes: ProbesConfig = {
        startup: { http: "/started", ...patient, failures: 300 },
        readiness: { http: "/ready", ...patient, failures: 2 },
        liveness: { http: "/live", ...patient },
      };
      return { services: { web: probed(port, probes, { replicas: 2 }) } };
    });
    await here.up();
    await here.healthy();
    const first = here.leader("web/1");
    const second = here.leader("web/2");
    const both = new Set([String(first.pid), String(second.pid)]);
    await until("the gateway sends both some", 20_000, async () =>
      both.isSubsetOf(await answering(port, 8)) ? true : undefined,
    );
    await ask(first.port, "/unready");
    const only = new Set([String(second.pid)]);
    await until("the gateway leaves it out", 20_000, async () =>
      (await answering(port, 30)).isSubsetOf(only) ? true : undefined,
    );
    assert.deepEqual(await answering(port), only);
    const view = await here.view();
    const web = view.services.find(({ name }) => name === "web");
    assert.match(JSON.stringify(web), /not ready, 2 times in a row: status 503: warming up/);
    await ask(first.port, "/ready-again");
    await until("it serves again", 20_000, async () =>
      (await answering(port, 8)).has(String(first.pid)) ? true : undefined,
    );
    assert.deepEqual([here.leader("web/1").pid, here.leader("web/2").pid], [first.pid, second.pid]);
    assert.deepEqual(of(here, "incident.opened", "action.intended", "instance.exited"), []);
    const lives = of(here, "instance.live", "instance.ready").map(
      (it) => `${it.type} ${it.subject}`,
    );
    assert.deepEqual(lives.toSorted(), [
      "instance.live web/1",
      "instance.live web/2",
      "instance.ready web/1",
      "instance.ready web/2",
    ]);
  });

  test("a stopped and a blocked process are seen, told apart and replaced", async (t) => {
    let port = 0;
    const here = await project(t, (_, free) => {
      port = free();
      return { services: { web: probed(port, { liveness: { http: "/live", ...fast } }) } };
    });
    await here.up();
    await here.healthy();
    const stopped = here.leader("web/1");
    process.kill(stopped.pid, "SIGSTOP");
    await until("it was replaced", 20_000, async () =>
      of(here, "action.done").length === 1 ? true : undefined,
    );
    await here.healthy();
    await until("the incident is over", 20_000, async () =>
      of(here, "incident.resolved").length === 1 ? true : undefined,
    );
    const blocked = here.leader("web/1");
    assert.notEqual(blocked.pid, stopped.pid);
    await ask(port, "/block");
    await until("it was replaced again", 20_000, async () =>
      of(here, "action.done").length === 2 ? true : undefined,
    );
    await here.healthy();
    const seen = of(here, "evidence.captured").map((it) =>
      it.type === "evidence.captured" ? it.data.summary : "",
    );
    assert.match(seen[0] ?? "", /stopped by a signal/);
    assert.match(seen[1] ?? "", /event loop blocked in spinForTheTest/);
    const kinds = of(here, "action.intended").map((it) =>
      it.type === "action.intended" ? it.data.kind : "",
    );
    assert.deepEqual(kinds, ["restart", "restart"], "decided by the loop, once each");
  });

  test("a heartbeat file that stops, and the word of the app", async (t) => {
    let [beats, linked] = [0, 0];
    const here = await project(t, (folder, free) => {
      [beats, linked] = [free(), free()];
      const env = { BEAT: join(folder, "beat-0") };
      const file = { path: join(folder, `beat-\${index}`), maxAge: "1500ms" };
      return {
        services: {
          beats: probed(beats, { liveness: { file, ...patient } }, { env }),
          linked: {
            command: program("linked-app"),
            ...{ port: linked, healing },
            probes: {
              startup: { tcp: true, ...patient },
              readiness: { link: "healthy", ...patient },
            },
          },
        },
      };
    });
    await here.up();
    await here.healthy();
    const before = here.leader("beats/1");
    await ask(here.leader("linked/1").port, "/sick");
    await ask(before.port, "/flatline");
    await until("the one without a heartbeat is replaced", 20_000, async () =>
      of(here, "action.done").length === 1 ? true : undefined,
    );
    await until("the app is out of rotation", 20_000, async () =>
      here.journal().some((it) => it.type === "symptom.raised" && it.data.kind === "unready")
        ? true
        : undefined,
    );
    const raised = of(here, "symptom.raised").map((it) =>
      it.type === "symptom.raised" ? `${it.subject} ${it.data.kind}` : "",
    );
    assert.deepEqual(raised.toSorted(), ["beats/1 unresponsive", "linked/1 unready"]);
    await until("a heart beats again", 20_000, async () =>
      here.leader("beats/1").pid === before.pid ? undefined : true,
    );
    assert.equal(of(here, "action.intended").length, 1);
  });
});
