// The small HTTP client of the commands, against a real server and against what is no server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { ask } from "../../src/cli/ask.ts";

async function urlOf(t: TestContext, server: Server, host = "127.0.0.1"): Promise<string> {
  t.after(() => server.close());
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Says `text` to whoever comes, and ends. */
const saying = (text: string): Server =>
  createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(text));
  });

const get = { method: "GET", headers: {}, limitMs: 10_000 } as const;

test("it asks what a server of Node understands, and gets all of the answer", async (t) => {
  const long = "ü".repeat(200_000);
  const server = (): Server =>
    createHttpServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += part;
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, url, of: headers["x-of"], body, long }));
    });
  for (const host of ["127.0.0.1", "::1"]) {
    const url = `${await urlOf(t, server(), host)}/a?b=c`;
    const post = { ...get, method: "POST", url, headers: { "x-of": "us" }, body: "grüß" } as const;
    const { status, body } = await ask(post);
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), {
      method: "POST",
      url: "/a?b=c",
      of: "us",
      body: "grüß",
      long,
    });
  }
});

test("an error status is an answer", async (t) => {
  const server = createHttpServer((_, response) => response.writeHead(409).end("{}"));
  assert.deepEqual(await ask({ ...get, url: await urlOf(t, server) }), { status: 409, body: "{}" });
});

for (const [name, text, why] of [
  ["no HTTP", "220 smtp.example.com\r\n", /it is no HTTP/],
  ["nothing", "", /it is no HTTP/],
  ["half a head", "HTTP/1.1 200 OK\r\ncontent-le", /it is no HTTP/],
  ["half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", /it broke off/],
] as const) {
  test(`${name} is refused`, async (t) => {
    const url = await urlOf(t, saying(text));
    await assert.rejects(ask({ ...get, url }), { code: "WIRE_SHAPE", message: why });
  });
}

test("who says nothing is not waited for, and who is not there is told", async (t) => {
  const silent = createServer((socket) => {
    socket.on("error", () => {});
    t.after(() => socket.destroy());
  });
  const url = await urlOf(t, silent);
  await assert.rejects(ask({ ...get, url, limitMs: 50 }), /no answer within 50 ms/);
  const gone = createServer();
  const nowhere = await urlOf(t, gone);
  gone.close();
  await assert.rejects(ask({ ...get, url: nowhere }), { code: "ECONNREFUSED" });
});
