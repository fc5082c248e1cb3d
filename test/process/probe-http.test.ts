// The HTTP probe's whole question, and HTTPS with its certificates, against real servers.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { metrics, type Reading } from "../../src/model/reading.ts";
import { type HttpProbeOptions, httpProbe } from "../../src/probes/http.ts";
import { probeConformance } from "../../src/testing/probe-conformance.ts";
import { ask, check, closeAll, type Listening, listen } from "./support/probing.ts";
import { certificate, expired, key } from "./support/tls-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-probes-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const ca = join(folder, "ca.pem");
writeFileSync(ca, certificate);

probeConformance("https", async () => {
  const tls = { key, cert: certificate };
  const healthy = await listen(createTlsServer(tls, (_, response) => response.end("ok")));
  const sick = await listen(createTlsServer(tls, (_, response) => response.writeHead(500).end()));
  const silent = await listen(createTlsServer(tls, () => {}));
  return {
    probe: httpProbe({ path: "/", tls: { ca } }),
    ...{ healthy: healthy.of, sick: sick.of, silent: silent.of },
    broken: {
      probe: httpProbe({ path: "/", tls: { ca: join(folder, "none.pem") } }),
      of: healthy.of,
    },
    cleanup: () => closeAll([healthy, sick, silent]),
  };
});

describe("http probe, the whole question", () => {
  const seen: { method?: string | undefined; host?: string | undefined; probe?: unknown }[] = [];
  let server: Listening;
  before(async () => {
    server = await listen(
      createServer((request, response) => {
        const { method, url = "", headers } = request;
        seen.push({ method, host: headers.host, probe: headers["x-probe"] });
        if (url === "/loop") response.writeHead(302, { location: "/loop" }).end();
        else if (url === "/to") response.writeHead(307, { location: "/well?a=1" }).end();
        else if (url === "/away") {
          response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
        } else if (url === "/slow") response.end("a".repeat(40));
        else if (url === "/long") response.end(`${"-".repeat(65_530)}needle`);
        else if (url === "/beyond") response.end(`${"-".repeat(65_536)}needle`);
        else response.end(url.startsWith("/well") ? "all is well" : "db is down");
      }),
    );
  });
  after(() => server.close());
  const at = (options: HttpProbeOptions): ReturnType<typeof check> =>
    check(httpProbe(options), server.of);

  it("asks with its method and headers", async () => {
    const headers = { "X-Probe": "1", Host: "web.example" };
    assert.deepEqual(await at({ path: "/well", method: "HEAD", headers }), [1, ""]);
    assert.deepEqual(seen.at(-1), { method: "HEAD", host: "web.example", probe: "1" });
  });

  it("takes only a body that contains and matches what it should", async () => {
    assert.deepEqual(await at({ path: "/well", body: "is well", bodyMatches: "^all\\b" }), [1, ""]);
    assert.deepEqual(await at({ path: "/x", body: "is well" }), [
      0,
      'its body does not contain "is well": db is down',
    ]);
    assert.deepEqual(await at({ path: "/x", bodyMatches: "^ok" }), [
      0,
      "its body does not match /^ok/: db is down",
    ]);
    assert.equal((await at({ path: "/long", body: "needle" }))[0], 1);
    assert.equal((await at({ path: "/beyond", body: "needle" }))[0], 0);
  });

  it("is broken by a pattern that takes too long, and the daemon is not held up", async () => {
    const fromMs = performance.now();
    await assert.rejects(at({ path: "/slow", bodyMatches: "^(a+)+$b" }), /cannot match/);
    assert.ok(performance.now() - fromMs < 2_000);
  });

  it("follows redirects to the same place only, and only so many", async () => {
    const redirects = 2;
    assert.deepEqual(await at({ path: "/to", redirects, status: [200], body: "well" }), [1, ""]);
    assert.deepEqual(await at({ path: "/loop", redirects }), [0, "more than 2 redirects"]);
    assert.deepEqual(await at({ path: "/away", redirects, status: [200] }), [0, "status 302"]);
  });
});

describe("https probe", () => {
  let server: Listening;
  let old: Listening;
  before(async () => {
    const answer = (_: unknown, response: { end(text: string): void }): void => response.end("ok");
    server = await listen(createTlsServer({ key, cert: certificate }, answer));
    old = await listen(createTlsServer({ key, cert: expired }, answer));
  });
  after(() => closeAll([server, old]));

  it("trusts what it is told to, by the name it is told", async () => {
    const at = (tls: object): ReturnType<typeof check> =>
      check(httpProbe({ path: "/", tls }), server.of);
    assert.equal((await at({}))[0], 0);
    assert.match((await at({}))[1], /SELF_SIGNED|self-signed/i);
    assert.deepEqual(await at({ ca }), [1, ""]);
    assert.deepEqual(await at({ ca, serverName: "web.example" }), [1, ""]);
    assert.equal((await at({ ca, serverName: "other.example" }))[0], 0);
    assert.deepEqual(await at({ insecure: true }), [1, ""]);
  });

  it("calls an old certificate sick, and reads how much time is left", async () => {
    writeFileSync(join(folder, "old.pem"), expired);
    const strict = httpProbe({ path: "/", tls: { ca: join(folder, "old.pem") } });
    assert.deepEqual(await check(strict, old.of), [0, "its certificate has expired"]);
    const lax = httpProbe({ path: "/", tls: { insecure: true } });
    const left = (readings: readonly Reading[]): Reading | undefined =>
      readings.find(({ metric }) => metric === metrics.certificateLeft.name);
    assert.ok((left(await ask(lax, old.of))?.value ?? 0) < 0);
    assert.equal(left(await ask(lax, old.of))?.note, "2021-01-01");
    const endsMs = Date.UTC(2021, 0, 1);
    const clock = { ...systemClock, wall: () => endsMs - 6 * 86_400_000 };
    assert.equal(left(await ask(lax, old.of, 5_000, clock))?.value, 6 * 86_400_000);
  });
});
