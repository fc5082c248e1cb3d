// Real gateways of both kinds for the tests that hold them to the same contract.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../../scripts/apt.ts";
import { createHaproxy } from "../../../src/gateway/haproxy/haproxy.ts";
import { gatewayLink } from "../../../src/gateway/link.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { silentLog } from "../../../src/kernel/log.ts";
import type { GatewayStats } from "../../../src/protocol/gateway.ts";
import type { GatewayHold, GatewayUnderTest } from "../../../src/testing/gateway-scene.ts";

export const haproxyPath: string | undefined = findProgram("haproxy");
/** Why tests of a real HAProxy are skipped; false when it is there. */
export const noHaproxy: string | false =
  haproxyPath === undefined && "there is no haproxy: apt-get install haproxy (as root)";

interface Started {
  readonly folder: string;
  end(): Promise<void>;
  log(): Promise<string>;
}

async function started(
  command: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Started> {
  const [program = "", ...args] = command;
  const file = join(folder, "gateway.log");
  const out = openSync(file, "a");
  const options = { cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", out, out] };
  const child = spawn(program, args, options as Parameters<typeof spawn>[2]);
  const ended = once(child, "exit");
  return {
    folder,
    log: () => readFile(file, "utf8"),
    end: async () => {
      // HAProxy ends its workers with itself, but not when it is killed.
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answering(stats: () => Promise<GatewayStats>, { log }: Started): Promise<void> {
  const untilMs = systemClock.now() + 10_000;
  for (;;) {
    try {
      await stats();
      return;
    } catch (error) {
      if (systemClock.now() > untilMs) throw new Error(await log(), { cause: error });
      await systemClock.sleep(10);
    }
  }
}

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "homeostat-gateway-"));

const main = fileURLToPath(new URL("../../../src/gateway/main.ts", import.meta.url));

export async function ownGateway(): Promise<GatewayUnderTest> {
  const folder = await newFolder();
  const socketPath = join(folder, "gateway.sock");
  const command = [process.execPath, "--conditions=source", main, "--socket", socketPath];
  const running = await started(command, folder);
  const links: { close(): void }[] = [];
  const next = (): GatewayHold => {
    const link = gatewayLink({ socketPath, clock: systemClock, log: silentLog });
    links.push(link);
    return {
      push: async (routes) => (await link.push(routes)).problems,
      stats: link.stats,
      inflight: link.inflight,
    };
  };
  const first = next();
  await answering(first.stats, running);
  const cleanup = async (): Promise<void> => {
    for (const link of links) link.close();
    await running.end();
  };
  return { ...first, next, cleanup };
}

export async function haproxyGateway(): Promise<GatewayUnderTest> {
  if (haproxyPath === undefined) throw new Error(String(noHaproxy));
  const folder = await newFolder();
  const options = { folder, binary: haproxyPath, clock: systemClock, log: silentLog };
  const haproxy = createHaproxy(options);
  await haproxy.prepare();
  const running = await started(haproxy.command, folder);
  const holdOf = ({ push, ...rest }: typeof haproxy): GatewayHold => ({
    ...rest,
    push: async (routes) => (await push(routes)).problems,
  });
  await answering(haproxy.stats, running);
  return {
    ...holdOf(haproxy),
    next: () => holdOf(createHaproxy(options)),
    cleanup: running.end,
  };
}
