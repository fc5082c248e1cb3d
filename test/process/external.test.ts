// Services that run elsewhere, with a real daemon: watched, never touched, told by a watcher; and a heartbeat.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp, type Server as HttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { until } from "./support/project.ts";
import { incident, project, service } from "./support/trial.ts";

const token = "0123456789abcdef";

async function listening<T extends Server | HttpServer>(
  t: TestContext,
  server: T,
  port = 0,
): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const gone = (server: Server): Promise<unknown> => once(server.close(), "close");

test("a service that runs elsewhere is watched, told of by Uptime Kuma, and never touched", async (t) => {
  const db = createServer((socket) => socket.end());
  const dbPort = await listening(t, db);
  const beats: string[] = [];
  const heard = createHttp((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      beats.push(`${request.method} ${request.url} ${body}`);
      response.end('{"ok":true}');
    });
  });
  const beatPort = await listening(t, heard);
  const it = await project(t, () => ({
    services: { web: service({ dependsOn: ["db", "front"] }) },
    external: {
      db: { tcp: `127.0.0.1:${dbPort}`, interval: "100ms", timeout: "1s" },
      front: { kuma: "Shop front" },
    },
    kuma: { token },
    heartbeat: { url: `http://127.0.0.1:${beatPort}/api/push/abc`, every: "1s" },
  }));
  await it.up();
  const { services } = await it.healthy();
  const seen = services.find(({ name }) => name === "db");
  assert.deepEqual([seen?.external, seen?.instances.length], [true, 0]);
  const [beat] = await until("it is heard", 10_000, async () => (beats[0] ? beats : undefined));
  assert.match(beat ?? "", /^POST \/api\/push\/abc .* up .*\nhomeostat: \S/s);

  await gone(db);
  const down = await incident(it, "db", ({ incident: { diagnosis } }) => diagnosis !== undefined);
  assert.equal(down.incident.diagnosis?.kind, "external-down");
  const again = createServer((socket) => socket.end());
  await listening(t, again, dbPort);
  await incident(it, "db", ({ state }) => state === "resolved");

  assert.equal(await tell(it.url, "wrong", 0), 403);
  assert.equal(await tell(it.url, token, 0, "Other"), 404);
  assert.equal(await tell(it.url, token, 0), 200);
  const told = await incident(it, "front", ({ state }) => state === "open");
  assert.match(told.title, /front is sick, and runs outside.*Uptime Kuma: connect ECONNREFUSED/);
  assert.equal(await tell(it.url, token, 1), 200);
  await incident(it, "front", ({ state }) => state === "resolved");
  const stop = await it.post("/api/services/db/restart");
  assert.equal(stop.status, 409);
  assert.ok(!it.journal().some(({ type }) => type === "action.intended"), "nothing was done");
});

/** As its webhook does. */
async function tell(
  url: string,
  shown: string,
  heartbeat: number,
  name = "Shop front",
): Promise<number> {
  const response = await fetch(`${url}/hooks/kuma`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${shown}` },
    body: JSON.stringify({
      heartbeat: { status: heartbeat, msg: "connect ECONNREFUSED 10.0.0.7:443" },
      monitor: { id: 1, name },
      msg: `[${name}] connect ECONNREFUSED`,
    }),
  });
  await response.text();
  return response.status;
}
