// `homeostat init docker` and `compose` before Docker's own readers, where they are here.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { homeostat } from "./support/command.ts";
import { freePorts } from "./support/project.ts";

function works(...words: readonly string[]): boolean {
  return spawnSync("docker", words, { stdio: "ignore", timeout: 20_000 }).status === 0;
}

const noCompose = !works("compose", "version") && "there is no docker compose here";
const noBuilder = !works("buildx", "ls") && "no builder answers here: no dockerd";

describe("homeostat for Docker", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-docker-"));
  before(async () => {
    const [port = 0] = await freePorts(1);
    const config = {
      project: "shop",
      services: { web: { command: "sleep 5", port, host: "0.0.0.0", stop: { wait: "4s" } } },
    };
    writeFileSync(join(folder, "homeostat.json"), JSON.stringify(config));
    for (const kind of ["docker", "compose"]) {
      const { code, err } = await homeostat(folder, ["init", kind]);
      assert.equal(code, 0, err);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("writes over nothing unless it is told to", async () => {
    const { code, err } = await homeostat(folder, ["init", "compose"]);
    assert.equal(code, 78);
    assert.match(err, /compose\.yaml: there already; --force writes over it/);
    assert.equal((await homeostat(folder, ["init", "compose", "--force"])).code, 0);
  });

  it("says the same times as the config", async () => {
    const { out } = await homeostat(folder, ["init", "compose", "--print"]);
    const { shop } = parse(out).services;
    assert.deepEqual([shop.restart, shop.stop_grace_period], ["unless-stopped", "20s"]);
    assert.match(shop.ports[0], /^(\d+):\1$/);
  });

  it("is taken by docker compose config", { skip: noCompose }, () => {
    const { status, stderr } = spawnSync("docker", ["compose", "config"], { cwd: folder });
    assert.equal(status, 0, String(stderr));
  });

  it("is taken by docker build --check", { skip: noBuilder }, () => {
    const { status, stderr } = spawnSync("docker", ["build", "--check", "."], { cwd: folder });
    assert.equal(status, 0, String(stderr));
  });
});
