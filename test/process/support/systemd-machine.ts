// A real systemd in namespaces of its own: process 1 of a machine in memory that can change nothing here.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./project.ts";

const script = fileURLToPath(new URL("systemd-root.sh", import.meta.url));
const repository = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

export interface Machine {
  /** Runs a program on the machine; its output, or an error with what it said. */
  run(...words: readonly string[]): string;
  /** A property of a unit, as `systemctl show` tells it. */
  show(unit: string, property: string): string;
  /** What systemd said so far. */
  log(): string;
  end(): Promise<void>;
}

/** Why there can be no such machine here; undefined when there can. */
export function whyNoSystemd(): string | undefined {
  if (process.getuid?.() !== 0) return "only root can make a machine of its own";
  const needed = ["/usr/lib/systemd/systemd", "/usr/bin/systemctl"];
  const missing = needed.find((path) => !existsSync(path));
  if (missing !== undefined) return `there is no ${missing}: apt-get install systemd`;
  if (unifiedMount() === undefined) return "there is no cgroup2 mount";
  try {
    execFileSync("unshare", ["--mount", "--pid", "--fork", "--net", "--cgroup", "true"]);
    return undefined;
  } catch {
    return "namespaces are not allowed here";
  }
}

function unifiedMount(): string | undefined {
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((text) => text.includes(" - cgroup2 "));
  return line?.split(" ")[4];
}

const targets = ["sysinit", "basic", "shutdown", "network-online", "multi-user", "only"];

/** `files` go to /srv/app, owned by app (999); `units` are all that systemd knows. */
export async function bootSystemd(
  units: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-systemd-"));
  const [root, given] = [join(folder, "root"), join(folder, "units")];
  for (const path of [root, given, join(given, "project")]) mkdirSync(path);
  const target = "[Unit]\nDefaultDependencies=no\n";
  for (const name of targets) writeFileSync(join(given, `${name}.target`), target);
  for (const [name, text] of Object.entries(units)) {
    mkdirSync(dirname(join(given, name)), { recursive: true });
    writeFileSync(join(given, name), text);
  }
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(given, "project", name), text);
  const cgroup = join(unifiedMount() ?? "", `homeostat-test-${process.pid}`);
  mkdirSync(cgroup, { recursive: true });
  const logFile = join(folder, "log");
  const child = start(cgroup, logFile, [root, given, ...seen()]);
  const end = async (): Promise<void> => {
    const first = firstOf(child);
    if (first !== undefined) process.kill(first, "SIGKILL");
    else child.kill("SIGKILL");
    await until("the machine has ended", 20_000, async () => {
      return child.exitCode !== null || child.signalCode !== null ? true : undefined;
    });
    await until("its cgroups are gone", 10_000, async () => (removed(cgroup) ? true : undefined));
    rmSync(folder, { recursive: true, force: true });
  };
  const machine = machineOf(child, logFile, end);
  try {
    await until("systemd answers", 30_000, async () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${machine.log()}`);
      return answers(machine) ? true : undefined;
    });
  } catch (error) {
    await end();
    throw error;
  }
  return machine;
}

/** What programs need: this repository, and Node when it lies elsewhere. */
function seen(): readonly string[] {
  const node = dirname(dirname(process.execPath));
  const isThere = node.startsWith("/usr") || node.startsWith(`${repository}/`);
  return isThere ? [repository] : [repository, node];
}

function start(cgroup: string, logFile: string, args: readonly string[]): ChildProcess {
  const log = openSync(logFile, "a");
  const spaces = ["--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup"];
  const enter = 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"';
  const command = ["unshare", ...spaces, "/bin/sh", script, ...args];
  const child = spawn("/bin/sh", ["-c", enter, "enter", cgroup, ...command], {
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  return child;
}

/** Its process 1, as it is called here: the only child of `unshare`. */
function firstOf({ pid }: ChildProcess): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? undefined : Number(text.split(" ")[0]);
  } catch {
    // It has ended.
    return undefined;
  }
}

function machineOf(child: ChildProcess, logFile: string, end: Machine["end"]): Machine {
  const run: Machine["run"] = (...words) => {
    const first = firstOf(child);
    if (first === undefined) throw new Error("the machine has ended");
    const into = ["-t", String(first), "-m", "-p", "-n", "-C", "-u", "-i"];
    return execFileSync("nsenter", [...into, ...words], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    });
  };
  const show: Machine["show"] = (unit, property) =>
    run("systemctl", "show", unit, "-P", property).trim();
  return { run, show, log: () => readFileSync(logFile, "utf8"), end };
}

function answers(machine: Machine): boolean {
  try {
    return machine.run("systemctl", "is-active", "only.target").trim() === "active";
  } catch {
    // It is on its way.
    return false;
  }
}

/** Groups go from the inside to the outside; one that is not empty yet is tried again. */
function removed(folder: string): boolean {
  if (!existsSync(folder)) return true;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && !removed(join(folder, entry.name))) return false;
  }
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
