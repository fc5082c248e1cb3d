// Held sockets with real processes: who connects while nobody runs waits, and is not refused.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { ProcessIdentity } from "../../src/model/instance.ts";
import { addressOf, type ListenSocket } from "../../src/model/listen-socket.ts";
import { linuxPlatform } from "../../src/platforms/linux.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import { keepSpawner, type Spawner } from "../../src/platforms/spawner/spawner.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { eventually, within } from "../../src/testing/waiting.ts";
import { endMarked } from "./support/marked.ts";
import { freePorts, until } from "./support/project.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe("a held socket", () => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-sockets-"));
  const path = join(folder, "run", "web.sock");
  const { PATH = "" } = process.env;
  let port = 0;
  let sockets: readonly ListenSocket[] = [];
  let spawner: Spawner;
  let platform: Platform;
  let runs = 0;

  before(async () => {
    [port = 0] = await freePorts(1);
    sockets = [
      { name: "http", host: "127.0.0.1", port },
      { name: "local", path },
    ];
    spawner = keepSpawner({
      ...{ clock: systemClock, random: seeded(1), log: silentLog, project: folder, cwd: folder },
      socketPath: join(folder, "spawner.sock"),
      command: [
        process.execPath,
        "--conditions=source",
        here("../../src/platforms/spawner/main.ts"),
      ],
      env: { PATH },
      logFile: join(folder, "spawner.log"),
    });
    platform = linuxPlatform({ spawner });
    spawner.boot();
    platform.keepSockets?.(sockets.map(addressOf));
  });
  after(async () => {
    await spawner.stop();
    await endMarked(folder);
    rmSync(folder, { recursive: true });
  });

  const start = (target: string): Promise<ProcessIdentity> =>
    platform.start({
      ...{ target, project: folder, run: `run ${++runs}`, cwd: folder, env: { PATH }, sockets },
      command: [process.execPath, "--conditions=source", here("support/held-app.ts")],
      logFile: join(folder, "web.log"),
    });
  const kill = async (identity: ProcessIdentity): Promise<void> => {
    const end = platform.ended(identity);
    platform.signalGroup(identity, "SIGKILL");
    await within(5_000, end);
  };
  let [first, second]: (ProcessIdentity | undefined)[] = [];
  const running = (identity: ProcessIdentity | undefined): ProcessIdentity =>
    identity ?? assert.fail("an earlier test has not started it");

  it("is passed on under its name, to the process that it is meant for", async () => {
    first = await start("web/1");
    assert.equal(await ask({ port }), `${first.pid} http`);
    assert.equal(await ask({ socketPath: path }), `${first.pid} local`);
    const environ = readFileSync(`/proc/${first.pid}/environ`, "utf8").split("\0");
    assert.ok(environ.includes("LISTEN_FDS=2"));
    assert.ok(environ.includes("LISTEN_FDNAMES=http:local"));
  });

  it("keeps whoever connects while no process is there", async () => {
    await kill(running(first));
    const waiting = Array.from({ length: 40 }, (_, i) =>
      ask(i % 2 === 0 ? { port } : { socketPath: path }),
    );
    first = await start("web/1");
    const { pid } = first;
    assert.deepEqual([...new Set(await Promise.all(waiting))].toSorted(), [
      `${pid} http`,
      `${pid} local`,
    ]);
  });

  it("is shared by the instances of a service", async () => {
    second = await start("web/2");
    const seen = new Set<string>();
    await until("both have answered", 10_000, async () => {
      for (const answer of await Promise.all(Array.from({ length: 20 }, () => ask({ port })))) {
        seen.add(answer);
      }
      return seen.size === 2 || undefined;
    });
  });

  it("lives on in its instances when the spawner is killed, and is held again from the next start on", async () => {
    const old = spawner.identity ?? assert.fail("there is no spawner");
    process.kill(old.pid, "SIGKILL");
    assert.match(await ask({ port }), / http$/);
    await eventually("another spawner is joined", () => {
      const { pid } = spawner.identity ?? old;
      return pid !== old.pid;
    });
    // The second one has the old socket still: the new one is bound beside it.
    await kill(running(first));
    first = await start("web/1");
    const answers = `${first.pid} http`;
    await until("it answers", 10_000, async () => (await ask({ port })) === answers || undefined);
    await kill(running(second));
    await kill(running(first));
    const waiting = [ask({ port }), ask({ socketPath: path })];
    first = await start("web/1");
    for (const answer of await Promise.all(waiting)) assert.match(answer, RegExp(`^${first.pid} `));
  });

  it("is closed when it is no longer wanted: clients are refused, and the file is gone", async () => {
    await kill(running(first));
    platform.keepSockets?.([]);
    await until("it is closed", 10_000, () =>
      ask({ port }).then(
        () => undefined,
        (error) => isRefused(error) || undefined,
      ),
    );
    assert.equal(existsSync(path), false);
  });

  it("that another program has is a start that fails, with the reason", async () => {
    const other = createServer().listen({ port, host: "127.0.0.1", reusePort: true });
    try {
      await eventually("the other listens", () => other.listening);
      const reason = new RegExp(`web/1: the socket 127.0.0.1:${port} cannot be held: .*EADDRINUSE`);
      await assert.rejects(start("web/1"), reason);
    } finally {
      other.close();
    }
    first = await start("web/1");
    assert.equal(await ask({ port }), `${first.pid} http`);
  });
});

/** Over a connection of its own. */
function ask(where: { port: number } | { socketPath: string }): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get(
    { host: "127.0.0.1", ...where, agent: false, timeout: 10_000 },
    (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.once("end", () => resolve(text));
    },
  );
  request.once("timeout", () => request.destroy(new Error("no answer in 10 s")));
  request.once("error", reject);
  return promise;
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
}
