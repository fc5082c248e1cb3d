// Toxiproxy's API in the gateway, driven through every call of toxiproxy-node-client, and by hand.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, type TestContext, test } from "node:test";
import {
  type ICreateToxicBody,
  type Proxy as ToxicProxy,
  Toxiproxy,
  ToxiproxyError,
} from "toxiproxy-node-client";
import { type Answer, ask, freePort, until } from "./gateway-rig.ts";
import { connectTo, linkTo, startMain, startToxiproxy, startUpstream } from "./toxiproxy-rig.ts";

const refused = (status: number) => (error: unknown) =>
  error instanceof ToxiproxyError && error.message === `Request failed with status code ${status}`;

const toxicBody = <T>(type: ICreateToxicBody<T>["type"], attributes: T): ICreateToxicBody<T> => ({
  ...{ name: `my-${type}`, type, attributes, stream: "downstream", toxicity: 1 },
});

const shared = startToxiproxy({ after });

/** One proxy in the gateway that the tests share; the next test finds it empty. */
async function withProxy(t: TestContext) {
  const rig = await shared;
  const client = new Toxiproxy(rig.url);
  t.after(async () => {
    for (const left of Object.values(await client.getAll())) await left.remove();
  });
  const upstream = await startUpstream(t);
  const body = { name: "db", listen: "127.0.0.1:0", upstream: upstream.address };
  return { rig, client, upstream, proxy: await client.createProxy(body) };
}

test("toxiproxy-node-client: its calls about proxies", async (t) => {
  const { rig, client, upstream, proxy } = await withProxy(t);
  assert.equal(JSON.parse(await client.getVersion()).version, "2.12.0");
  assert.equal(client.getApi(), client.api);
  assert.equal(proxy.getToxiproxy(), client);
  assert.equal(proxy.getHost(), rig.url);
  assert.equal(proxy.getPath(), `${rig.url}/proxies/db`);
  const shown = { name: "db", listen: proxy.listen, upstream: upstream.address, enabled: true };
  assert.match(proxy.listen, /^127\.0\.0\.1:[1-9]\d+$/);
  assert.deepEqual(proxy.toJson(), shown);
  assert.deepEqual((await client.get("db")).toJson(), shown);
  const again = { name: "db", listen: "127.0.0.1:0", upstream: upstream.address };
  await assert.rejects(client.createProxy(again), refused(409));
  await assert.rejects(client.get("other"), refused(404));

  const down = await proxy.update({ ...shown, enabled: false });
  assert.equal(down.enabled, false);
  const gone = connect(Number(proxy.listen.split(":")[1]), "127.0.0.1");
  const [error] = await once(gone, "error");
  assert.equal(error.code, "ECONNREFUSED");
  await client.reset();
  assert.equal((await client.get("db")).enabled, true, "reset starts it again");
  const echo = await connectTo(t, proxy.listen);
  await echo.echo("hello");

  const listed = { listen: "127.0.0.1:0", upstream: upstream.address };
  const put = await client.populate([
    { name: "db", listen: proxy.listen, upstream: upstream.address },
    { name: "b", ...listed },
    { name: "a", ...listed, enabled: false },
  ]);
  assert.deepEqual(
    Object.values(put).map(({ name, enabled }) => `${name} ${enabled}`),
    ["db true", "b true", "a false"],
  );
  await echo.echo("the one that was the same goes on");
  assert.deepEqual(Object.keys(await client.getAll()), ["a", "b", "db"]);
  await proxy.remove();
  await assert.rejects(proxy.remove(), refused(404));
  assert.deepEqual(Object.keys(await client.getAll()), ["a", "b"]);
  assert.equal(await echo.over, "end");
});

test("toxiproxy-node-client: its calls about toxics, of every type", async (t) => {
  const { client, proxy } = await withProxy(t);
  const bodies = [
    toxicBody("latency", { latency: 5, jitter: 1 }),
    toxicBody("bandwidth", { rate: 1_000 }),
    toxicBody("slow_close", { delay: 7 }),
    toxicBody("timeout", { timeout: 9 }),
    toxicBody("slicer", { average_size: 64, size_variation: 8, delay: 10 }),
    toxicBody("limit_data", { bytes: 1_000 }),
    toxicBody("reset_peer", { timeout: 11 }),
  ] as readonly ICreateToxicBody<Readonly<Record<string, number>>>[];
  for (const body of bodies) {
    const toxic = await proxy.addToxic(body);
    assert.deepEqual(toxic.toJson(), body);
    assert.deepEqual((await proxy.getToxic(body.name)).toJson(), body);
    assert.equal(toxic.getPath(), `${proxy.getPath()}/toxics/${body.name}`);
    const [[first = "", value = 0] = []] = Object.entries(body.attributes);
    const attributes = { ...body.attributes, [first]: value + 1 };
    const updated = await toxic.update({ ...body, attributes, toxicity: 0.5 });
    assert.deepEqual(updated.toJson(), { ...body, attributes, toxicity: 0.5 });
    await assert.rejects(proxy.addToxic(body), refused(409));
    await toxic.remove();
    await assert.rejects(proxy.getToxic(body.name), refused(404));
  }
  await assert.rejects(proxy.addToxic(toxicBody("down", {})), refused(400));
  for (const body of bodies) await proxy.addToxic(body);
  await client.reset();
  await assert.rejects(proxy.getToxic("my-latency"), refused(404));
});

type Row = readonly [method: string, path: string, body: string, status: number, answer: string];

/** One after the other; LISTEN is a port that is in use, FREE one that is not. */
const rows: readonly Row[] = [
  ["GET", "/proxies", "", 200, "{}"],
  ["POST", "/proxies", "", 400, '{"error":"bad request body: EOF","status":400}\n'],
  ["POST", "/proxies", "{}", 400, '{"error":"missing required field: name","status":400}\n'],
  [
    ...(["POST", "/proxies", '{"name":"a","listen":"127.0.0.1:LISTEN","upstream":"x:1"}'] as const),
    500,
    '{"error":"listen tcp 127.0.0.1:LISTEN: bind: address already in use","status":500}\n',
  ],
  [
    ...(["POST", "/proxies", '{"name":"a","listen":"nowhere","upstream":"x:1"}'] as const),
    500,
    '{"error":"listen tcp: address nowhere: missing port in address","status":500}\n',
  ],
  [
    ...(["POST", "/proxies", '{"name":"a","listen":"localhost:FREE","upstream":"x:1"}'] as const),
    201,
    '{"name":"a","listen":"127.0.0.1:FREE","upstream":"x:1","enabled":true,"toxics":[]}',
  ],
  [
    ...(["POST", "/proxies", '{"name":"a","listen":"","upstream":"x:1"}'] as const),
    409,
    '{"error":"proxy already exists","status":409}\n',
  ],
  ["GET", "/proxies/b", "", 404, '{"error":"proxy not found","status":404}\n'],
  ["DELETE", "/proxies/b", "", 404, '{"error":"proxy not found","status":404}\n'],
  [
    ...(["PATCH", "/proxies/a", '{"upstream":"y:2","enabled":false,"name":"b"}'] as const),
    200,
    '{"name":"a","listen":"127.0.0.1:FREE","upstream":"y:2","enabled":false,"toxics":[]}',
  ],
  [
    ...(["POST", "/proxies/a", '{"enabled":true}'] as const),
    200,
    '{"name":"a","listen":"127.0.0.1:FREE","upstream":"y:2","enabled":true,"toxics":[]}',
  ],
  [
    ...(["POST", "/proxies/a/toxics", '{"type":"timeout"}'] as const),
    200,
    '{"attributes":{"timeout":0},"name":"timeout_downstream","type":"timeout","stream":"downstream","toxicity":1}',
  ],
  [
    ...([
      "POST",
      "/proxies/a/toxics",
      '{"type":"limit_data","name":"l","stream":"upstream"}',
    ] as const),
    200,
    '{"attributes":{"bytes":0},"name":"l","type":"limit_data","stream":"upstream","toxicity":1}',
  ],
  [
    ...(["POST", "/proxies/a/toxics", '{"type":"latency","name":"l"}'] as const),
    409,
    '{"error":"toxic already exists","status":409}\n',
  ],
  [
    ...(["PATCH", "/proxies/a/toxics/l", '{"attributes":{"bytes":7},"toxicity":0.25}'] as const),
    200,
    '{"attributes":{"bytes":7},"name":"l","type":"limit_data","stream":"upstream","toxicity":0.25}',
  ],
  ["PATCH", "/proxies/a/toxics/m", "{}", 404, '{"error":"toxic not found","status":404}\n'],
  ["DELETE", "/proxies/a/toxics/timeout_downstream", "", 204, ""],
  [
    ...(["GET", "/proxies/a/toxics", ""] as const),
    200,
    '[{"attributes":{"bytes":7},"name":"l","type":"limit_data","stream":"upstream","toxicity":0.25}]',
  ],
  [
    ...(["GET", "/proxies", ""] as const),
    200,
    '{"a":{"name":"a","listen":"127.0.0.1:FREE","upstream":"y:2","enabled":true,"toxics":[{"attributes":{"bytes":7},"name":"l","type":"limit_data","stream":"upstream","toxicity":0.25}]}}',
  ],
  [
    ...([
      "POST",
      "/populate",
      '[{"name":"c","upstream":"z:1","listen":"127.0.0.1:LISTEN"}]',
    ] as const),
    500,
    '{"error":"listen tcp 127.0.0.1:LISTEN: bind: address already in use","status":500,"proxies":null}',
  ],
  [
    ...(["POST", "/populate", '[{"name":"c"}]'] as const),
    400,
    '{"error":"missing required field: upstream at proxy 1","status":400,"proxies":null}',
  ],
  ["POST", "/populate", "[]", 201, '{"proxies":null}'],
  ["POST", "/reset", "", 204, ""],
  ["GET", "/proxies/a/toxics", "", 200, "[]"],
  ["DELETE", "/proxies/a", "", 204, ""],
  ["GET", "/version", "", 200, '{"version": "2.12.0"}\n'],
  ["GET", "/nothing", "", 404, "404 page not found\n"],
  ["PUT", "/proxies", "", 405, ""],
  ["GET", "/reset", "", 405, ""],
];

test("status codes and bodies are those of Toxiproxy", async (t) => {
  const rig = await shared;
  const used = (await startUpstream(t)).address.split(":")[1] ?? "";
  const free = String(await freePort());
  const filled = (text: string): string => text.replace("LISTEN", used).replace("FREE", free);
  for (const [method, path, body, status, expected] of rows) {
    const answer = await ask(rig.port, path, { method, body: filled(body) });
    const where = `${method} ${path} ${body}`;
    assert.deepEqual([answer.status, answer.body], [status, filled(expected)], where);
    assert.equal(answer.headers["content-type"], typeOf(answer, path), where);
  }
});

function typeOf({ status, body }: Answer, path: string): string | undefined {
  if (body === "") return undefined;
  if (path === "/version") return "application/json;charset=utf-8";
  const isPlain = status >= 400 && path !== "/populate";
  return isPlain ? "text/plain; charset=utf-8" : "application/json";
}

test("a browser is refused, a body has a limit, and metrics count the bytes", async (t) => {
  const { rig, upstream, proxy } = await withProxy(t);
  const headers = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" };
  const page = await ask(rig.port, "/proxies", { headers });
  assert.deepEqual([page.status, page.body], [403, "User agent not allowed\n"]);
  const big = await ask(rig.port, "/proxies", { method: "POST", body: "[".repeat(2 ** 22) });
  assert.equal(big.status, 400);
  const client = await connectTo(t, proxy.listen);
  await client.echo("12345");
  await proxy.addToxic(toxicBody("limit_data", { bytes: 2 }));
  client.socket.write("6789");
  await client.over;
  const { body } = await ask(rig.port, "/metrics");
  const labels = (direction: string): string =>
    `{direction="${direction}",listener="${proxy.listen}",proxy="db",upstream="${upstream.address}"}`;
  for (const line of [
    "# TYPE toxiproxy_proxy_received_bytes_total counter",
    `toxiproxy_proxy_received_bytes_total${labels("upstream")} 9`,
    `toxiproxy_proxy_sent_bytes_total${labels("upstream")} 9`,
    `toxiproxy_proxy_received_bytes_total${labels("downstream")} 9`,
    `toxiproxy_proxy_sent_bytes_total${labels("downstream")} 7`,
  ]) {
    assert.ok(body.split("\n").includes(line), `${line} in\n${body}`);
  }
});

test("the gateway keeps proxies without a daemon; a new gateway has those of the config", async (t) => {
  const upstream = await startUpstream(t);
  const listen = `127.0.0.1:${await freePort()}`;
  const kept = { name: "db", listen, upstream: upstream.address, enabled: true };
  const rig = await startToxiproxy(t, [kept]);
  const client = new Toxiproxy(rig.url);
  const names = async (): Promise<string> => Object.keys(await client.getAll()).join();
  await client.createProxy({ ...kept, name: "own", listen: "127.0.0.1:0" });
  const proxy: ToxicProxy = await client.get("db");
  await proxy.addToxic(toxicBody("latency", { latency: 1, jitter: 0 }));
  const connection = await connectTo(t, listen);
  await connection.echo("before");
  rig.link.close();
  await connection.echo("without a daemon");
  const next = linkTo(t, rig.socketPath, rig.config);
  assert.deepEqual((await next.push([])).problems, []);
  await connection.echo("with the next one");
  assert.equal((await proxy.getToxic("my-latency")).type, "latency");
  assert.equal(await names(), "db,own");

  const other = { ...kept, name: "other", listen: "127.0.0.1:0" };
  const changed = linkTo(t, rig.socketPath, { ...rig.config, proxies: [other] });
  assert.deepEqual((await changed.push([])).problems, []);
  assert.equal(
    await names(),
    "other,own",
    "what left the config has gone, what the API made stays",
  );

  await rig.gateway.end("SIGKILL");
  await startMain(t, rig.socketPath);
  const last = linkTo(t, rig.socketPath, rig.config);
  await until("the config is taken", () =>
    last.push([]).then(
      ({ problems }) => problems.length === 0,
      () => false,
    ),
  );
  assert.equal(await names(), "db");
  await (await connectTo(t, listen)).echo("again");
  const off = linkTo(t, rig.socketPath, { ...rig.config, proxies: [{ ...kept, listen: "x" }] });
  const { problems } = await off.push([]);
  assert.deepEqual(problems, [
    { service: "toxiproxy", text: "proxy db: address x: missing port in address" },
  ]);
});
