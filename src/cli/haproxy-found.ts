// Whether the HAProxy that a config asks for is there, is able, and takes the config it would get.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHaproxy } from "../gateway/haproxy/haproxy.ts";
import { systemClock } from "../kernel/clock.ts";
import { silentLog } from "../kernel/log.ts";
import type { Route } from "../protocol/gateway.ts";
import type { Finding } from "../wiring/problem.ts";
import { record } from "../wiring/raw.ts";
import { binaryOf } from "../wiring/resolve-gateway-kind.ts";

const limitMs = 5_000;
/** The first that keeps idle connections of clients until their next request when it ends. */
const oldest = [2, 6] as const;

export async function haproxyProblems(config: unknown): Promise<readonly Finding[]> {
  const { kind, binary } = record(record(config).gateway);
  if (kind !== "haproxy" || (binary !== undefined && typeof binary !== "string")) return [];
  const path = binaryOf(binary);
  const got = (await versionProblem(path)) ?? (await configProblem(path));
  const expected = "HAProxy 2.6 or later with Lua (Debian: apt-get install haproxy)";
  return got === undefined ? [] : [{ at: ["gateway", "kind"], expected, got }];
}

async function versionProblem(path: string): Promise<string | undefined> {
  const { code, text } = await run(path, ["-vv"]);
  if (code !== 0) return `${path}: ${code === "ENOENT" ? "it is not there" : lastLine(text)}`;
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  const [first, second] = [Number(major), Number(minor)];
  const isOld = !(first > oldest[0] || (first === oldest[0] && second >= oldest[1]));
  if (isOld) return `${path}: ${text.split("\n")[0] ?? ""}`;
  return text.includes("Built with Lua") ? undefined : `${path}: it was built without Lua`;
}

/** A route as any other: `haproxy -c` opens no port. */
const sample: Route = {
  service: "sample",
  host: "127.0.0.1",
  port: 8080,
  upstreams: [{ instance: "sample/1", port: 8081, state: "ready" }],
  degraded: { status: 503, retryAfterS: 1, why: "sample" },
  holdMs: 1_000,
  timeoutMs: 1_000,
};

async function configProblem(binary: string): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "homeostat-haproxy-"));
  try {
    const haproxy = createHaproxy({ folder, binary, clock: systemClock, log: silentLog });
    await haproxy.prepare([sample]);
    const config = haproxy.command.at(-1) ?? "";
    const { code, text } = await run(binary, ["-c", "-f", config], folder);
    return code === 0 ? undefined : `${binary} -c: ${lastLine(text)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 200) ?? "";

interface Ran {
  /** 0, another number, or the system's code. */
  readonly code: number | string;
  readonly text: string;
}

function run(program: string, args: readonly string[], cwd?: string): Promise<Ran> {
  const options = { timeout: limitMs, ...(cwd === undefined ? {} : { cwd }) };
  return new Promise((resolve) => {
    execFile(program, [...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? "it was ended") : 0, text: `${stdout}${stderr}` });
    });
  });
}
