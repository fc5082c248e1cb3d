// The probes of TCP conversations, gRPC, files and the app's own word, against real ones.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileProbe } from "../../src/probes/file.ts";
import { grpcProbe } from "../../src/probes/grpc.ts";
import { linkProbe, type Said } from "../../src/probes/link.ts";
import type { Probe, ProbeTarget } from "../../src/probes/probe.ts";
import { tcpProbe } from "../../src/probes/tcp.ts";
import { probeConformance } from "../../src/testing/probe-conformance.ts";
import { grpcStub, type StubSays } from "./support/grpc-stub.ts";
import { ask, check, closeAll, listen, target } from "./support/probing.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-probes-"));
after(() => rmSync(folder, { recursive: true, force: true }));

probeConformance("tcp conversation", async () => {
  const says = (text: string): Server =>
    createTcpServer((socket) => socket.once("data", () => socket.end(text)));
  const healthy = await listen(says("+PONG\r\n"));
  const sick = await listen(says("-LOADING\r\n"));
  const silent = await listen(createTcpServer(() => {}));
  const probe = tcpProbe({ send: "PING\r\n", expect: "PONG" });
  return {
    ...{ probe, healthy: healthy.of, sick: sick.of, silent: silent.of },
    broken: { probe, of: { target } },
    cleanup: () => closeAll([healthy, sick, silent]),
  };
});

probeConformance("grpc", async () => {
  const [healthy, sick, silent] = await Promise.all(
    (["SERVING", "NOT_SERVING", "silent"] as const).map((says) => grpcStub(says)),
  );
  assert.ok(healthy && sick && silent);
  return {
    probe: grpcProbe(),
    ...{ healthy: healthy.of, sick: sick.of, silent: silent.of },
    broken: { probe: grpcProbe({ host: "a b" }), of: healthy.of },
    cleanup: () => closeAll([healthy, sick, silent]),
  };
});

probeConformance("file", async () => {
  writeFileSync(join(folder, "beat-1"), "");
  const path = ({ target: name }: ProbeTarget): string =>
    join(folder, name.replace("web/", "beat-"));
  return {
    probe: fileProbe({ path, maxAgeMs: 60_000 }),
    healthy: { target },
    sick: { target: "web/2" },
    broken: {
      probe: fileProbe({ path: () => join(folder, "beat-1", "x"), maxAgeMs: 1 }),
      of: { target },
    },
    cleanup: () => {},
  };
});

const well: Said = { status: "healthy", live: true, ready: true, started: true, ageMs: 10 };

probeConformance("link", async () => {
  const said = (name: string): Said =>
    name === target ? well : { ...well, ready: false, reason: "warming\nup" };
  const options = { word: "ready", withinMs: 1_000, said, problem: () => undefined } as const;
  return {
    probe: linkProbe(options),
    healthy: { target },
    sick: { target: "web/2" },
    broken: {
      probe: linkProbe({ ...options, problem: () => "its path is too long" }),
      of: { target },
    },
    cleanup: () => {},
  };
});

describe("grpc probe", () => {
  it("tells the words of the protocol apart, and what is not gRPC", async () => {
    const stub = await grpcStub();
    const say = (what: StubSays): ReturnType<typeof check> => {
      stub.says(what);
      return check(grpcProbe({ service: "shop.Cart" }), stub.of);
    };
    try {
      assert.deepEqual(await say("SERVING"), [1, ""]);
      assert.equal(stub.asked, "shop.Cart");
      assert.deepEqual(await say("NOT_SERVING"), [0, 'NOT_SERVING of "shop.Cart"']);
      assert.deepEqual(await say("UNKNOWN"), [0, 'UNKNOWN of "shop.Cart"']);
      assert.deepEqual(await say("missing"), [0, 'it knows no service "shop.Cart"']);
      assert.deepEqual(await say("unimplemented"), [0, "it does not speak grpc.health.v1"]);
      assert.deepEqual(await say("garbage"), [0, 'unreadable of "shop.Cart"']);
      assert.equal((await say("cut"))[0], 0);
    } finally {
      await stub.close();
    }
    const web = await listen(createServer((_, response) => response.end("ok")));
    assert.equal((await check(grpcProbe(), web.of))[0], 0);
    await web.close();
    assert.deepEqual(await check(grpcProbe(), web.of), [0, "connection refused"]);
  });
});

describe("file probe", () => {
  const beat = join(folder, "beat");
  const probe = fileProbe({ path: () => beat, maxAgeMs: 5_000 });
  const touch = (agoMs: number): void => {
    writeFileSync(beat, "");
    const at = (Date.now() - agoMs) / 1_000;
    utimesSync(beat, at, at);
  };

  it("takes a heart that has stopped for a hang, and one from before the start for none", async () => {
    touch(1_000);
    assert.deepEqual(await check(probe, { target }), [1, ""]);
    touch(9_000);
    const [value, note] = await check(probe, { target });
    assert.equal(value, 0);
    assert.match(note, /^no answer: beat was touched 9\.\d s ago, limit 5\.0 s$/);
    touch(2_000);
    const startedAtMs = performance.now() - 1_000;
    assert.deepEqual(await check(probe, { target, startedAtMs }), [
      0,
      "no heartbeat in beat since its start",
    ]);
    touch(500);
    assert.deepEqual(await check(probe, { target, startedAtMs }), [1, ""]);
  });
});

describe("link probe", () => {
  const of = (said: Said | undefined, word: "healthy" | "live" = "healthy"): Probe =>
    linkProbe({ word, withinMs: 1_000, said: () => said, problem: () => undefined });

  it("does not know what nobody has said of late", async () => {
    for (const said of [undefined, { ...well, ageMs: 1_500 }, { ...well, status: "unknown" }]) {
      assert.deepEqual(await ask(of(said as Said | undefined), { target }), []);
    }
  });

  it("takes a degraded app for well, and says its reason when it is not", async () => {
    assert.deepEqual(await check(of({ ...well, status: "degraded" }), { target }), [1, ""]);
    const sick = { ...well, status: "unhealthy", reason: "db gone", live: false } as const;
    assert.deepEqual(await check(of(sick), { target }), [
      0,
      "its app says it is not healthy: db gone",
    ]);
    assert.equal((await check(of(sick, "live"), { target }))[0], 0);
  });
});
