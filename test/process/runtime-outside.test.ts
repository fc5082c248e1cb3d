// Heartbeats, telemetry and points over real HTTP, to servers that take only what is documented.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { cronitorReporter } from "../../src/runtime/outside/cronitor.ts";
import { heartbeatPing } from "../../src/runtime/outside/heartbeat.ts";
import { influxSink } from "../../src/runtime/outside/influx.ts";
import { homeostat } from "./support/command.ts";
import { cronitorStub, healthchecksStub, influxStub } from "./support/outside-stubs.ts";
import { until } from "./support/project.ts";

const run = promisify(execFile);
const check = "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278";
const other = "00000000-d4c7-4bf5-bcc8-b8d8a82ea278";
const signal = new AbortController().signal;

// A blank and a percent sign: both have a meaning in a crontab.
const folder = mkdtempSync(join(tmpdir(), "homeostat 100%-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const paths = (heard: readonly { url: URL }[]): readonly string[] =>
  heard.map(({ url }) => url.pathname.slice(check.length + 1));

describe("homeostat heartbeat", { concurrency: 2 }, () => {
  test("pings once, with host and uptime; its exit code and its words", async () => {
    await using server = await healthchecksStub(check);
    const env = { HC_PING_URL: `${server.url}/${check}`, OTHER: `${server.url}/${check}` };
    const { code, out, err } = await homeostat(folder, ["heartbeat"], { env });
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^127\.0\.0\.1:\d+ has heard it\.\n$/);
    const args = ["heartbeat", "--fail", "--url-env", "OTHER", "--body", "disk full", "--json"];
    const failed = await homeostat(folder, args, { env });
    assert.equal(failed.code, 0);
    assert.deepEqual([JSON.parse(failed.out).sent, JSON.parse(failed.out).kind], [true, "fail"]);
    assert.deepEqual(paths(server.heard), ["", "/fail"]);
    const [first, second] = server.heard;
    assert.match(first?.body ?? "", /^\S+ up .+, load \d+\.\d\d /);
    assert.ok(first?.body.startsWith(hostname()));
    assert.equal(second?.body, "disk full");
    assert.deepEqual(server.refused, []);
  });

  test("is tried again, and ends with 75 when it is not taken", async () => {
    await using server = await healthchecksStub(check);
    const env = { HC_PING_URL: `${server.url}/${check}` };
    server.next.push({ status: 503 });
    assert.equal((await homeostat(folder, ["heartbeat", "--start"], { env })).code, 0);
    assert.deepEqual(paths(server.heard), ["/start"]);
    server.next.push({
      status: 429,
      text: `slow down ${check}`,
      headers: { "retry-after": "600" },
    });
    const { code, out, err } = await homeostat(folder, ["heartbeat", "--json"], { env });
    assert.deepEqual([code, out], [75, ""]);
    const { error } = JSON.parse(err);
    assert.match(
      error.message,
      /^the heartbeat to 127\.0\.0\.1:\d+ was not taken in 1 attempt and \d+ ms: HTTP 429: slow down \*\*\*$/,
    );
  });

  test("ends with 78 when the address is missing, misplaced or of no check, and never shows it", async () => {
    await using server = await healthchecksStub(check);
    const secret = `${server.url}/${other}`;
    const cases: readonly (readonly [Record<string, string>, readonly string[], RegExp])[] = [
      [{ HC_PING_URL: "" }, [], /^HC_PING_URL is not set/],
      [{ HC_PING_URL: secret }, [], /: there is no such check$/m],
      [{}, ["--url-env", secret], /expected the name of a variable, got something else/],
      [{ HC_PING_URL: secret }, ["--fail", "--start"], /expected --fail or --start, got both/],
    ];
    for (const [env, args, message] of cases) {
      const { code, out, err } = await homeostat(folder, ["heartbeat", ...args], { env });
      assert.deepEqual([code, out], [78, ""], err);
      assert.match(err, message);
      assert.ok(!err.includes(other), err);
    }
  });

  test("the line for cron brings its address from a file that only its owner reads", async () => {
    await using server = await healthchecksStub(check);
    const env = { HC_PING_URL: `${server.url}/${check}` };
    const { code, out } = await homeostat(folder, ["heartbeat", "--cron", "--json"], { env });
    assert.equal(code, 0);
    const { line, store, envFile } = JSON.parse(out);
    await run("/bin/sh", ["-c", store], { env: { PATH: "/usr/bin:/bin", ...env } });
    assert.equal(statSync(envFile).mode & 0o777, 0o600);
    assert.equal(readFileSync(envFile, "utf8"), `HC_PING_URL='${env.HC_PING_URL}'\n`);
    assert.match(line, /^\*\/5 \* \* \* \* /);
    assert.doesNotMatch(line, /(?<!\\)%/);
    // As cron does: the fields away, %-signs back, /bin/sh, and next to no environment.
    const command = line.split(" ").slice(5).join(" ").replaceAll("\\%", "%");
    const cron = { SHELL: "/bin/sh", PATH: "/usr/bin:/bin", HOME: tmpdir(), LOGNAME: "app" };
    const { stdout, stderr } = await run("/bin/sh", ["-c", command], {
      env: cron,
      timeout: 20_000,
    });
    assert.deepEqual([stdout, stderr], ["", ""], "cron mails whatever is printed");
    assert.equal(server.heard.length, 1);
    const shown = await homeostat(folder, ["heartbeat", "--cron"], { env });
    assert.ok(shown.out.includes(line) && shown.out.includes(store));
    assert.ok(!`${shown.out}${out}`.includes(check));
  });
});

describe("in the process of an app", { concurrency: 2 }, () => {
  test("it pings, watches and writes, and none of it keeps the process alive", async () => {
    await using server = await healthchecksStub(check);
    await using influx = await influxStub("t0ken-of-the-app");
    const script = join(import.meta.dirname, "support", "outside-process.ts");
    const args = ["--conditions=source", script, `${server.url}/${check}`, influx.url];
    const { stdout } = await run(process.execPath, args, {
      timeout: 20_000,
      killSignal: "SIGKILL",
    });
    assert.match(stdout, /^flushed true$/m);
    assert.ok(!stdout.includes(check), stdout);
    assert.ok(server.heard.length >= 1);
    assert.deepEqual([server.refused, influx.refused], [[], []]);
    const [point] = influx.points;
    assert.deepEqual(
      [point?.measurement, point?.tags, point?.fields],
      ["m", [["host", "dev 7"]], [["n", 1n]]],
    );
    assert.ok(Math.abs((point?.at ?? 0) - Date.now()) < 60_000, "in milliseconds");
  });

  test("a server that hangs, or whose name or port is none, is told and left", async () => {
    await using server = await healthchecksStub(check);
    const url = `${server.url}/${check}`;
    server.next.push("hang");
    const hung = await heartbeatPing({ url, timeoutMs: 200, retries: 0 }).send();
    assert.deepEqual([hung.ok, hung.wrong, hung.reason], [false, false, "no answer within 200 ms"]);
    const { port } = new URL(server.url);
    await server[Symbol.asyncDispose]();
    const gone = await heartbeatPing({ url, retries: 1 }).send();
    assert.match(gone.reason ?? "", new RegExp(`ECONNREFUSED 127\\.0\\.0\\.1:${port}`));
    assert.equal(gone.attempts, 2);
  });

  test("cronitor takes what the reporter tells", async () => {
    await using server = await cronitorStub("a3f9c1d2e4b5468790");
    const reporter = cronitorReporter({
      ...{ key: "a3f9c1d2e4b5468790", monitor: "dev-7", host: "dev 7", env: "production" },
      url: server.url,
    });
    await reporter.report({ state: "ok", count: 3, missing: [] }, signal);
    await reporter.report({ state: "fail", count: 2, missing: ["poll & push#2"] }, signal);
    assert.deepEqual(server.refused, []);
    assert.equal(server.heard[1]?.url.searchParams.get("message"), "missing: poll & push#2");
    server.next.push({ status: 503 });
    await assert.rejects(
      async () => reporter.report({ state: "ok", count: 3, missing: [] }, signal),
      /cronitor monitor dev-7 at 127\.0\.0\.1:\d+: HTTP 503/,
    );
  });

  test("InfluxDB takes the batches, compressed; Retry-After is kept to", async () => {
    await using server = await influxStub("kXq0pZ7vT3mY9wB1");
    using sink = influxSink({
      ...{ url: server.url, token: "kXq0pZ7vT3mY9wB1", org: "acme", bucket: "apps" },
      everyMs: 100,
      maxBatch: 500,
    });
    server.next.push({ status: 429, headers: { "retry-after": "1" } });
    const begun = performance.now();
    for (let i = 0; i < 1_200; i++) {
      sink.write({
        measurement: "m",
        tags: { nasty: 'a, b="c"\\' },
        fields: { i, text: 'x "y"\n' },
      });
    }
    const written = async () => sink.state.written === 1_200 || undefined;
    await until("all points are written", 10_000, written);
    assert.ok(performance.now() - begun >= 950);
    assert.deepEqual(sink.state, { waiting: 0, written: 1_200, dropped: 0 });
    assert.deepEqual(
      server.points.map(({ fields }) => fields[0]?.[1]),
      Array.from({ length: 1_200 }, (_, i) => i),
    );
    assert.equal(server.refused.length, 1);
  });
});
