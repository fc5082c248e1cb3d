// Toxiproxy with a real daemon: as the config has it, and untouched by a daemon's death.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Toxiproxy } from "toxiproxy-node-client";
import { freePort } from "./gateway-rig.ts";
import { until } from "./support/project.ts";
import { project, service } from "./support/trial.ts";
import { connectTo, startUpstream } from "./toxiproxy-rig.ts";

test("proxies of the config, and toxics and connections that outlive the daemon", async (t) => {
  const upstream = await startUpstream(t);
  const [api, own] = [await freePort(), await freePort()];
  const proxies = { db: { listen: `127.0.0.1:${own}`, upstream: upstream.address } };
  const services = { web: service() };
  const it = await project(t, () => ({ services, toxiproxy: { port: api, proxies } }));
  const daemon = await it.up();
  const client = new Toxiproxy(`http://127.0.0.1:${api}`);
  const proxy = await until("the API answers", 10_000, () =>
    client.get("db").catch(() => undefined),
  );
  const attributes = { latency: 40, jitter: 0 };
  const body = { stream: "downstream", toxicity: 1, attributes } as const;
  await proxy.addToxic({ name: "slow", type: "latency", ...body });
  const connection = await connectTo(t, proxy.listen);
  assert.ok((await connection.echo("one")) >= 39);
  const { pid } = it.leader("@gateway");
  daemon.kill("SIGKILL");
  await once(daemon, "exit");
  assert.ok((await connection.echo("two")) >= 39);
  await it.up();
  assert.equal(it.leader("@gateway").pid, pid);
  assert.equal((await proxy.getToxic("slow")).type, "latency");
  assert.ok((await connection.echo("three")) >= 39);
});
