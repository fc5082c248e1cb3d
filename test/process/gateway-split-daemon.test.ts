// Two services behind one port as a config says it, with a real daemon: weights, and what dies moves over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, freePort } from "./gateway-rig.ts";
import { until } from "./support/project.ts";
import { project, service } from "./support/trial.ts";

test("a service shares its port with another one by weight, and each stands in for the other", async (t) => {
  const port = await freePort();
  const split = { weights: { web: 75, "web-next": 25 }, override: { header: "X-Release" } };
  const it = await project(t, () => ({
    services: { web: service({ port, gateway: { split } }), "web-next": service() },
  }));
  await it.up();
  const asked = async (headers = {}): Promise<string> => {
    const { status, body } = await ask(port, "/", { headers });
    assert.equal(status, 200);
    const names = ["web/1", "web-next/1"];
    return names.find((name) => String(it.leader(name).pid) === body) ?? body;
  };
  const isThere = async (name: string): Promise<true | undefined> => {
    const found = await asked({ "x-release": name }).catch(() => "nobody");
    return found === `${name}/1` || undefined;
  };
  for (const name of ["web", "web-next"]) {
    await until(`${name} is there`, 20_000, () => isThere(name));
  }
  const counts: Record<string, number> = {};
  for (let i = 0; i < 100; i++) {
    const name = await asked();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  assert.deepEqual(counts, { "web/1": 75, "web-next/1": 25 });
  process.kill(it.leader("web-next/1").pid, "SIGKILL");
  for (let i = 0; i < 40; i++) assert.equal((await ask(port, "/")).status, 200);
  await until("it is back", 20_000, () => isThere("web-next"));
});
