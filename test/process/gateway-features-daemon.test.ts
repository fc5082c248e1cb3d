// Faults, a shadow and an access log as a config says them, with a real daemon that heals what is ill.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ask, freePort } from "./gateway-rig.ts";
import { until } from "./support/project.ts";
import { project, service } from "./support/trial.ts";

type Line = Readonly<Record<string, unknown>>;

test("what is broken on purpose is seen by clients, counted, and healed by nobody", async (t) => {
  const [port, nextPort] = [await freePort(), await freePort()];
  const it = await project(t, () => ({
    services: {
      web: service({
        port,
        limits: { errors: 0.05, p95: "200ms", for: "300ms" },
        gateway: {
          faults: [
            { match: { path: "/broken" }, share: 1, abort: 500 },
            { match: { path: "/slow" }, share: 1, delay: "400ms" },
          ],
          shadow: { to: "web-next", share: 1 },
          accessLog: { sample: 1 },
        },
      }),
      "web-next": service({ port: nextPort, gateway: { accessLog: { sample: 1 } } }),
    },
  }));
  await it.up();
  await until("both are there", 20_000, async () => {
    const answers = await Promise.all(
      [port, nextPort].map((at) => ask(at, "/").catch(() => undefined)),
    );
    return answers.every((answer) => answer?.status === 200) || undefined;
  });
  const before = it.leader("web/1").pid;
  const slow = Array.from({ length: 20 }, () => ask(port, "/slow"));
  for (let i = 0; i < 40; i++) {
    const { status, headers } = await ask(port, "/broken");
    assert.deepEqual([status, headers["x-homeostat-fault"]], [500, "1"]);
  }
  for (const { status } of await Promise.all(slow)) assert.equal(status, 200);
  const lines = (name: string): readonly Line[] =>
    readFileSync(join(it.folder, ".homeostat", "logs", `${name}.access.log`), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  const broken = await until("the lines are written", 10_000, async () => {
    const found = lines("web").filter(({ path }) => path === "/broken");
    return found.length === 40 ? found : undefined;
  });
  assert.ok(broken.every(({ status, outcome }) => status === 500 && outcome === "replied"));
  await until("the copies have come", 10_000, async () => {
    const copied = lines("web-next").map(({ path }) => path);
    assert.ok(!copied.includes("/broken"));
    return copied.filter((path) => path === "/slow").length === 20 || undefined;
  });
  // More than the time that a limit has to be passed for, and some looks of the loop.
  await until("the loop has looked at it", 10_000, async () => {
    const { time } = lines("web").at(-1) ?? {};
    return Date.now() - Date.parse(String(time)) > 1_500 || undefined;
  });
  const view = await until("the daemon answers", 20_000, () => it.view().catch(() => undefined));
  assert.deepEqual(view.incidents, []);
  assert.equal(it.leader("web/1").pid, before);
});
