// Installs Debian packages that the tests need, where we may.
import { accessSync, constants, globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./run.ts";

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not ours to run: either way it is no answer
  }
}

export const mayInstall: boolean = process.getuid?.() === 0 && isProgram("/usr/bin/apt-get");

/** What apt said; a service that comes with a package is not started. */
export async function install(...packages: readonly string[]): Promise<string> {
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const options = { keep: true, limitMs: 300_000, env };
  const steps = [["update"], ["install", "-y", "--no-install-recommends", ...packages]];
  let output = "";
  for (const step of steps) {
    const ended = await run("/usr/bin/apt-get", step, options);
    output += ended.output;
    if (ended.code !== 0) break;
  }
  return output;
}

/** Real servers and tools of the tests: a program of each, and the package that has it. */
const servers = [
  { program: "redis-server", package: "redis-server" },
  { program: "postgres", package: "postgresql" },
  { program: "openssl", package: "openssl" },
  { program: "ip", package: "iproute2" },
  { program: "nft", package: "nftables" },
  { program: "iptables", package: "iptables" },
  { program: "promtool", package: "prometheus" },
  { program: "prometheus-alertmanager", package: "prometheus-alertmanager" },
  { program: "supervisord", package: "supervisor" },
  { program: "systemd-notify", package: "systemd" },
  { program: "cc", package: "gcc" },
  { program: "python3", package: "python3" },
  { program: "haproxy", package: "haproxy" },
];

/** A test that misses one all the same fails with the package's name. */
export async function installServers(): Promise<void> {
  const missing = servers.filter(({ program }) => !findProgram(program)).map((it) => it.package);
  if (missing.length === 0 || !mayInstall) return;
  console.log(`process: installing the packages ${missing.join(", ")}`);
  const told = await install(...missing);
  if (servers.some(({ program }) => !findProgram(program))) console.error(told);
}

/** The path of a program in PATH or where Debian keeps the system's own, PostgreSQL's before all. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  const own = globSync(`/usr/lib/postgresql/*/bin/${name}`);
  return [...own, ...folders.map((folder) => join(folder, name))].find(isProgram);
}
