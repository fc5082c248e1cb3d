// Requests that waited while nothing was ready: they reach the instance as it can bear them, and streams at once.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { startRoute } from "../gateway-corpus/rig.ts";
import { until } from "./gateway-rig.ts";

const limit = 10;
const shed = {
  ...{ initial: limit, min: limit, max: limit, retryAfterMs: 1_000, usual: "normal" as const },
  ...{ paths: [], exempt: [] },
};

async function scene(t: TestContext) {
  const seen = { now: 0, most: 0, streams: 0 };
  const server = createServer((req, res) => {
    if (req.headers.accept === "text/event-stream") {
      seen.streams++;
      res.write("data: on\n\n");
      return;
    }
    seen.now++;
    seen.most = Math.max(seen.most, seen.now);
    setTimeout(() => {
      seen.now--;
      res.end("ok");
    }, 10);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const route = await startRoute(port, {}, { upstreams: [], holdMs: 20_000, shed });
  t.after(async () => {
    await route.close();
    server.close();
    server.closeAllConnections();
  });
  const ready = [{ instance: "web/1", port, state: "ready" as const }];
  const held = (): number => route.stats.route("web").held;
  return { seen, route, held, comeReady: () => route.apply({ upstreams: ready }) };
}

function ask(port: number, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const to = { host: "127.0.0.1", port, headers, agent: false as const };
    get(to, (res) => {
      resolve(res.statusCode ?? 0);
      res.on("error", () => {}).resume();
    }).on("error", reject);
  });
}

test("two hundred that waited never meet it more at once than it bears, and all are answered", async (t) => {
  const { seen, route, held, comeReady } = await scene(t);
  const answers = Promise.all(Array.from({ length: 200 }, () => ask(route.port)));
  await until("all wait", () => held() === 200);
  comeReady();
  assert.deepEqual(new Set(await answers), new Set([200]));
  assert.ok(seen.most <= limit, `${seen.most} at once`);
});

test("streams that waited go at once, and hold nobody else up", async (t) => {
  const { seen, route, held, comeReady } = await scene(t);
  const stream = { accept: "text/event-stream" };
  const streams = Array.from({ length: 3 * limit }, () => ask(route.port, stream));
  await until("the streams wait", () => held() === 3 * limit);
  const answers = Promise.all(Array.from({ length: limit }, () => ask(route.port)));
  await until("all wait", () => held() === 4 * limit);
  comeReady();
  assert.deepEqual(new Set(await answers), new Set([200]));
  assert.deepEqual(new Set(await Promise.all(streams)), new Set([200]));
  assert.equal(seen.streams, 3 * limit);
});
