// Requests over HTTP/2 while the instances behind are killed: none that may be repeated is lost.
import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import { type TestContext, test } from "node:test";
import type { Upstream } from "../../src/protocol/gateway.ts";
import { type Running, sleep, start, until } from "./gateway-rig.ts";
import { askOver, client, folderOf, makeCertificate, startSecure } from "./gateway-secure-rig.ts";

const requests = Number(process.env.HOMEOSTAT_LOSS_REQUESTS ?? 2_500);
const killsMax = requests / 800;
const methods = ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"];

interface Life {
  readonly upstream: Upstream;
  kill(): Promise<void>;
}

/** A process on one port that is there again soon after each death. */
async function living(t: TestContext, name: string, speaks: string): Promise<Life> {
  let running: Running;
  const begin = async (port: number): Promise<number> => {
    running = start(t, "./gateway-upstream.ts", [name, String(port), speaks]);
    await until(`${name} listens`, () => running.lines.length > 0);
    return Number(running.lines[0]?.split(" ")[1]);
  };
  const port = await begin(0);
  return {
    upstream: { instance: name, port, state: "ready" },
    async kill() {
      await running.end("SIGKILL");
      await begin(port);
    },
  };
}

for (const speaks of ["http1", "h2c"] as const) {
  test(`requests over HTTP/2 to ${speaks} while two instances are killed`, async (t) => {
    const lives = await Promise.all(["web/1", "web/2"].map((name) => living(t, name, speaks)));
    const certificates = [makeCertificate(folderOf(t), "web", ["web.example"])];
    const route = await startSecure(t, {
      upstreams: lives.map(({ upstream }) => upstream),
      tls: { certificates, http2: true },
      over: speaks === "h2c" ? { back: "h2c" } : {},
    });
    let left = requests;
    let kills = 0;
    const failures: string[] = [];
    const body = "x".repeat(2_000);
    const ask = async (session: ClientHttp2Session): Promise<void> => {
      while (left > 0) {
        const method = methods[left-- % methods.length] ?? "GET";
        const put = method === "PUT" ? { body } : {};
        const answer = await askOver(session, "/", { fields: { ":method": method }, ...put }).catch(
          (error: unknown) => ({ status: 0, body: String(error) }),
        );
        if (answer.status !== 200) failures.push(`${method} ${answer.status} ${answer.body}`);
      }
    };
    const sessions = [1, 2, 3].map(() => client(t, route.port));
    const asking = Promise.all(
      sessions.flatMap((session) =>
        Array(12)
          .fill(0)
          .map(() => ask(session)),
      ),
    );
    // Each death costs those that have met two of them a second of waiting.
    for (let i = 0; left > 0 && kills < killsMax; i++) {
      await sleep(250);
      await lives[i % 2]?.kill();
      kills++;
    }
    await asking;
    assert.deepEqual(failures, []);
    assert.ok(kills >= 2, `${kills} were killed`);
    const { retries, lostUnsafe } = route.stats.route("web");
    assert.ok(retries > 0, "some had to be repeated");
    assert.equal(lostUnsafe, 0);
  });
}
