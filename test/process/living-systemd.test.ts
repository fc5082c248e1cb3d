// `homeostat init systemd` under the real systemd: start, death, stop, down, and a config that is wrong.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemdUnit } from "../../src/cli/units/systemd.ts";
import type { Around } from "../../src/cli/units/unit.ts";
import { until } from "./support/project.ts";
import { bootSystemd, type Machine, whyNoSystemd } from "./support/systemd-machine.ts";

const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const command = [process.execPath, "--conditions=source", entry, "--folder", "/srv/app"];

const around: Around = {
  project: "shop",
  folder: "/srv/app",
  file: "homeostat.json",
  command: [...command, "up"],
  user: "app",
  path: undefined,
  stopMs: 17_000,
  graceMs: 20_000,
  ports: [{ service: "web", port: 80, open: false }],
  packaged: undefined,
  version: "0.0.0",
};

/** One that leaves an orphan in a session of its own, and one that ends only by SIGKILL. */
const config = {
  project: "shop",
  services: {
    web: { command: "setsid sleep 1111 & exec sleep 2222" },
    deaf: { command: "trap '' TERM; while :; do sleep 0.2; done", stop: { wait: "500ms" } },
    low: { command: ["sleep", "3333"], port: 80, stop: { wait: "1s" } },
  },
};

const why = whyNoSystemd();

describe("homeostat as a unit of systemd", { skip: why ?? false, timeout: 120_000 }, () => {
  let machine: Machine;
  before(async () => {
    const unit = systemdUnit(around);
    // Nobody collects a journal there.
    const said = "[Service]\nStandardOutput=append:/srv/app/out.log\nStandardError=inherit\n";
    const units = { [unit.name]: unit.text, [`${unit.name}.d/test.conf`]: said };
    machine = await bootSystemd(units, { "homeostat.json": JSON.stringify(config) });
  });
  after(async () => machine?.end());

  const show = (property: string): string => machine.show("shop.service", property);
  const count = (words: string): number => {
    const all = machine.run("sh", "-c", `pgrep -u app -fx '${words}' || true`);
    return all.split("\n").filter((line) => line !== "").length;
  };
  const runs = (): Promise<string> =>
    until("all services run", 40_000, async () => {
      const up = count("sleep 2222") === 1 && count("sleep 1111") >= 1 && count("sleep 3333") === 1;
      if (!up) return undefined;
      // Written when the daemon can be asked, which may be a moment after its services run.
      const note = "cat /srv/app/.homeostat/daemon.json 2>/dev/null || true";
      return machine.run("sh", "-c", note) || undefined;
    }).catch((error: unknown) => {
      throw new Error(`${error}\n${machine.run("tail", "-n", "20", "/srv/app/out.log")}`);
    });
  const left = (): string => machine.run("sh", "-c", "pgrep -u app -a || true").trim();
  const stops = (): Promise<true> =>
    until("it is inactive", 30_000, async () =>
      show("ActiveState") === "inactive" ? true : undefined,
    );

  it("starts with its services, as the user without rights", async () => {
    machine.run("systemctl", "start", "shop.service");
    await runs();
    const rights = machine.run(
      "grep",
      "-E",
      "^(NoNewPrivs|CapBnd)",
      `/proc/${show("MainPID")}/status`,
    );
    assert.match(rights, /NoNewPrivs:\t1/);
    assert.match(rights, /CapBnd:\t0{13}400\b/);
    assert.equal(show("NRestarts"), "0");
  });

  it("is started again when it dies, and nothing runs twice", async () => {
    const before = show("MainPID");
    // `kill 0` would mean whoever runs this test, too.
    assert.match(before, /^[1-9]\d*$/);
    machine.run("kill", "-9", before);
    await until("another one", 40_000, async () => {
      return show("NRestarts") === "1" && show("MainPID") !== before ? true : undefined;
    });
    await runs();
    assert.equal(count("sleep 1111"), 1);
  });

  it("stops its services in their time, and leaves nothing behind", async () => {
    const fromMs = performance.now();
    machine.run("systemctl", "stop", "shop.service");
    const tookMs = performance.now() - fromMs;
    assert.equal(show("ActiveState"), "inactive");
    assert.equal(show("Result"), "success");
    assert.equal(left(), "");
    assert.ok(tookMs >= 500 && tookMs < around.graceMs, `${tookMs} ms`);
    assert.match(machine.run("cat", "/srv/app/out.log"), /"stopping","by":"SIGTERM"/);
  });

  it("is not started again after homeostat down", async () => {
    machine.run("systemctl", "start", "shop.service");
    await runs();
    machine.run(...command, "down");
    await stops();
    assert.equal(show("Result"), "success");
    assert.deepEqual([show("NRestarts"), left()], ["0", ""]);
  });

  it("is not started again when its config is wrong", async () => {
    machine.run("sh", "-c", "echo '{}' >/srv/app/homeostat.json");
    machine.run("systemctl", "start", "shop.service");
    await until("it has failed", 30_000, async () => {
      return show("ActiveState") === "failed" ? true : undefined;
    });
    assert.deepEqual([show("ExecMainStatus"), show("NRestarts")], ["78", "0"]);
  });
});
