// Health in real frameworks over real sockets, and in processes that must be able to end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { createAdaptorServer } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { createEndpoints, type Endpoints } from "../../src/runtime/health/endpoints.ts";
import { createHealth, type Health } from "../../src/runtime/health/health.ts";
import { serveEndpoints } from "../../src/runtime/health/serve.ts";
import { onlyOursHolds } from "../support/fault.ts";

interface Got {
  readonly status: number;
  readonly type: string;
  readonly cache: string;
  readonly body: string;
}

interface Rig {
  readonly health: Health;
  readonly endpoints: Endpoints;
  up: boolean;
}

function rig(): Rig {
  const health = createHealth();
  const made = {
    health,
    endpoints: createEndpoints({
      health,
      metrics: async (accept) =>
        accept.includes("openmetrics")
          ? { contentType: "application/openmetrics-text; version=1.0.0", text: "# EOF\n" }
          : "up 1\n",
    }),
    up: true,
  };
  health.register("db", () => made.up, { intervalMs: 20 });
  return made;
}

async function ask(port: number, path: string, method = "GET", accept = "*/*"): Promise<Got> {
  const options = { host: "127.0.0.1", port, path, method, agent: false, headers: { accept } };
  const [response] = (await once(request(options).end(), "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  const { "content-type": type = "", "cache-control": cache = "" } = response.headers;
  return { status: response.statusCode ?? 0, type, cache, body };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** The same talk with every framework: what a probe, Prometheus and a person get. */
async function converse(of: Rig, port: number): Promise<void> {
  await of.health.check("db");
  const live = await ask(port, "/live?from=kubelet");
  assert.equal(live.status, 200);
  assert.equal(live.type, "application/health+json; charset=utf-8");
  assert.equal(live.cache, "no-store");
  const ready = await ask(port, "/ready");
  assert.equal(ready.status, 200);
  assert.equal(JSON.parse(ready.body).checks.db[0].health, "healthy");
  const head = await ask(port, "/ready", "HEAD");
  assert.deepEqual([head.status, head.body, head.type], [200, "", live.type]);
  assert.equal((await ask(port, "/startup")).status, 200);

  const metrics = await ask(port, "/metrics");
  assert.deepEqual([metrics.status, metrics.body], [200, "up 1\n"]);
  assert.equal(metrics.type, "text/plain; version=0.0.4; charset=utf-8");
  const open = await ask(port, "/metrics", "GET", "application/openmetrics-text");
  assert.equal(open.type, "application/openmetrics-text; version=1.0.0");

  of.up = false;
  await of.health.check("db");
  for (const path of ["/health", "/ready"]) {
    const sick = await ask(port, path);
    assert.equal(sick.status, 503);
    assert.equal(JSON.parse(sick.body).status, "fail");
  }
  assert.equal((await ask(port, "/live")).status, 200);
  assert.deepEqual(
    [(await ask(port, "/")).status, (await ask(port, "/")).body],
    [200, "the app itself"],
  );
  assert.equal((await ask(port, "/no-such")).status, 404);
}

test("node:http, as the only listener and before the app's own", async () => {
  const of = rig();
  const server = createServer((incoming, response) =>
    of.endpoints.node(incoming, response, () => {
      response.statusCode = incoming.url === "/" ? 200 : 404;
      response.end("the app itself");
    }),
  );
  await converse(of, await listening(server));
  server.close();

  const alone = createServer(of.endpoints.node);
  const port = await listening(alone);
  assert.equal((await ask(port, "/live")).status, 200);
  assert.equal((await ask(port, "/")).status, 404);
  const posted = await ask(port, "/live", "POST");
  assert.deepEqual([posted.status, posted.body], [405, "only GET and HEAD\n"]);
  alone.close();
});

test("Express 5, in one line", async () => {
  const of = rig();
  const app = express();
  of.endpoints.express(app);
  app.get("/", (_request, response) => void response.send("the app itself"));
  const server = createServer(app);
  await converse(of, await listening(server));
  server.close();

  const mounted = express();
  mounted.use("/internal", of.endpoints.node);
  const other = createServer(mounted);
  assert.equal((await ask(await listening(other), "/internal/live")).status, 200);
  other.close();
});

test("Fastify 5, in one line", async () => {
  const of = rig();
  const app = fastify();
  of.endpoints.fastify(app);
  app.get("/", async () => "the app itself");
  await app.listen({ port: 0, host: "127.0.0.1" });
  await converse(of, (app.server.address() as AddressInfo).port);
  await app.close();
});

test("Hono 4, in one line", async () => {
  const of = rig();
  const app = new Hono();
  of.endpoints.hono(app);
  app.get("/", (context) => context.text("the app itself"));
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await converse(of, await listening(server));
  server.close();
});

test("fault: the metrics server and the app are both given the same port", async () => {
  interface Program {
    readonly port: number;
    close(): void;
  }
  // The article: start_http_server(8000), then uvicorn on 8000. The second one ends the program.
  const article = async (): Promise<Program> => {
    const metrics = createServer((_request, response) => response.end("up 1\n"));
    const port = await listening(metrics);
    const app = createServer((_request, response) => response.end("app"));
    app.on("error", () => app.close()).listen(port, "127.0.0.1");
    return { port, close: () => metrics.close() };
  };
  const ours = async (): Promise<Program> => {
    const { endpoints } = rig();
    const app = createServer((incoming, response) =>
      endpoints.node(incoming, response, () => response.end("app")),
    );
    return { port: await listening(app), close: () => app.close() };
  };
  const shows = /one of the two does not answer/;
  await onlyOursHolds<Program>({ imitation: article, ours, shows }, async ({ port, close }) => {
    const answers = [await ask(port, "/metrics"), await ask(port, "/")];
    close();
    const bodies = answers.map(({ body }) => body);
    assert.deepEqual(bodies, ["up 1\n", "app"], "one of the two does not answer");
  });

  // Given a port that is taken, ours says what to do about it, at the place that called.
  const taken = createServer();
  const port = await listening(taken);
  await assert.rejects(serveEndpoints(rig().endpoints, { port }), {
    code: "OPTION_INVALID",
    message: `port ${port} of 127.0.0.1 is taken: install the endpoints in the server that has it, or choose another`,
  });
  taken.close();
});

test("the endpoints on a port of their own, which is free again after close", async () => {
  const of = rig();
  const served = await serveEndpoints(of.endpoints, { port: 0 });
  assert.equal((await ask(served.port, "/live")).status, 200);
  const waiting = get({ host: "127.0.0.1", port: served.port, path: "/live", agent: false });
  await once(waiting, "response");
  await served.close();
  await served.close();
  await assert.rejects(ask(served.port, "/live"), { code: "ECONNREFUSED" });
});

const faces = ["health", "serve", "endpoints", "checks/tcp", "checks/event-loop"].map((name) =>
  join(import.meta.dirname, `../../src/runtime/health/${name}.ts`),
);

/** Runs a script with the health of the app; gives what it printed, its code and its time. */
async function script(body: string): Promise<{ printed: string; code: unknown; ms: number }> {
  const startedAt = performance.now();
  const text = `${faces.map((face) => `import * as ${name(face)} from ${JSON.stringify(face)};`).join("\n")}\n${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 30_000,
  });
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  const [code] = await once(child, "close");
  return { printed: printed.trim(), code, ms: performance.now() - startedAt };
}

function name(face: string): string {
  return face.replace(/^.*\/([\w-]+)\.ts$/, "$1").replace("-", "");
}

test("health that was started keeps no process alive, hung checks and a port included", async () => {
  const { printed, code, ms } = await script(`
    const h = health.createHealth({ firstWithinMs: 0 });
    h.register("hung", () => new Promise(() => {}), { timeoutMs: 60_000 });
    h.register("loop", eventloop.eventLoopCheck());
    h.register("quick", () => true, { intervalMs: 10 });
    h.start();
    await serve.serveEndpoints(endpoints.createEndpoints({ health: h }), { port: 0 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log(h.list().map(({ status }) => status).join(" "));`);
  assert.equal(printed, "unknown healthy healthy");
  assert.equal(code, 0);
  assert.ok(ms < 20_000, `${ms}`);
});

test("whoever waits for a check gets its answer before the process ends", async () => {
  const { printed, code } = await script(`
    const h = health.createHealth();
    h.register("hung", () => new Promise(() => {}), { timeoutMs: 300 });
    console.log((await h.check("hung")).reason);`);
  assert.equal(printed, "no answer within 300 ms");
  assert.equal(code, 0);
});

test("a blocked event loop is seen by its check, and blames no other", async () => {
  const { printed } = await script(`
    const { createServer } = await import("node:net");
    const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const h = health.createHealth({ firstWithinMs: 0 });
    h.register("loop", eventloop.eventLoopCheck({ degradedMs: 50, unhealthyMs: 200 }), { intervalMs: 1000 });
    h.register("port", tcp.tcpCheck({ port: server.address().port }), { intervalMs: 100, timeoutMs: 50 });
    const changes = [];
    h.onChange(({ name, to }) => changes.push(name + " " + to));
    h.start();
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (i < 6) for (const end = performance.now() + 120; performance.now() < end;);
    }
    await h.check("loop");
    console.log(changes.join(", "));
    server.close();`);
  const changes = printed.split(", ");
  assert.ok(changes.includes("loop degraded") || changes.includes("loop unhealthy"), printed);
  assert.ok(changes.includes("port healthy"), printed);
  assert.ok(!changes.includes("port unhealthy"), printed);
});
