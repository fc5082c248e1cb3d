// Homeostat as process 1 of a container: no zombie stays, signals arrive, the exit code is the daemon's.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { initArguments } from "../../src/platforms/init/init.ts";
import { freePorts, until } from "./support/project.ts";

const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const space = [
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
  ...["--pid", "--fork", "--mount-proc", "--kill-child"],
];

function whyNot(): string | undefined {
  try {
    execFileSync("unshare", [...space, "true"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "PID namespaces are not allowed here";
  }
}

const root = mkdtempSync(join(tmpdir(), "homeostat-first-"));
const started: ChildProcess[] = [];
after(() => {
  // What it has started dies with it: --kill-child.
  for (const child of started) child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

interface Container {
  readonly ended: Promise<number | null>;
  /** What runs in it, process 1 first; the states are the letters of /proc. */
  all(): readonly { readonly pid: number; readonly state: string; readonly words: string }[];
  signal(signal: NodeJS.Signals): void;
  out(): string;
}

/** `words` are what a Dockerfile has in its CMD. */
async function container(...words: readonly string[]): Promise<Container> {
  const child = spawn("unshare", [...space, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let out = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
  }
  const ended = once(child, "close").then(() => child.exitCode);
  const first = await until("process 1", 20_000, async () => {
    const text = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
    return text === "" ? undefined : Number(text);
  });
  const own = await until("its namespace", 20_000, async () => {
    const found = namespaceOf(first);
    return found !== undefined && found !== namespaceOf(process.pid) ? found : undefined;
  });
  return {
    ended,
    all: () => processes().filter(({ pid }) => namespaceOf(pid) === own),
    signal: (signal) => process.kill(first, signal),
    out: () => out,
  };
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // it has ended
  }
}

function processes(): ReturnType<Container["all"]> {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const state = stat.slice(stat.lastIndexOf(") ") + 2).charAt(0);
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      return [{ pid: Number(name), state, words }];
    } catch {
      return [];
    }
  });
}

const zombies = (of: Container): number => of.all().filter(({ state }) => state === "Z").length;

/** 40 processes whose parents are gone when they end. */
const orphans = "i=0; while [ $i -lt 40 ]; do ( (sleep 0.3; exit 3) & ); i=$((i+1)); done";

const makesOrphans = `require("node:child_process").spawn("sh", ["-c", ${JSON.stringify(orphans)}]);
setInterval(() => {}, 1_000)`;

describe("homeostat up as process 1", { skip: whyNot() ?? false, timeout: 120_000 }, () => {
  it("reaps orphans, is told to end, and ends all with the code of the daemon", async () => {
    const [port = 0] = await freePorts(1);
    const line = `trap 'exit 0' TERM; ${orphans}; echo made; while :; do sleep 0.2; done`;
    const config = {
      dashboard: { port },
      services: { web: { command: line, stop: { wait: "2s" } } },
    };
    writeFileSync(join(root, "homeostat.json"), JSON.stringify(config));
    const up = ["--conditions=source", entry, "--folder", root, "up"];
    const it = await container(process.execPath, ...up);
    const log = join(root, ".homeostat", "logs", "web-1.log");
    await until("the orphans are made", 30_000, async () => {
      const text = existsSync(log) ? readFileSync(log, "utf8") : "";
      return text.includes("made") ? true : undefined;
    }).catch((error: unknown) => assert.fail(`${error}\n${it.out()}`));
    await until("no zombie is left", 10_000, async () => (zombies(it) === 0 ? true : undefined));
    assert.match(it.all()[0]?.words ?? "", /^sh -c # homeostat: process 1/);
    const fromMs = performance.now();
    it.signal("SIGTERM");
    assert.equal(await it.ended, 0, it.out());
    assert.ok(performance.now() - fromMs < 10_000);
    assert.match(it.out(), /"stopping","by":"SIGTERM"/);
    assert.deepEqual(it.all(), []);
  });

  it("ends with 78 when the config is wrong", async () => {
    const folder = mkdtempSync(join(root, "wrong-"));
    writeFileSync(join(folder, "homeostat.json"), "{}");
    const it = await container(
      process.execPath,
      "--conditions=source",
      entry,
      "--folder",
      folder,
      "up",
    );
    assert.equal(await it.ended, 78, it.out());
  });

  for (const shell of ["dash", "bash", "busybox"]) {
    const found = ["/bin", "/usr/bin"].map((folder) => join(folder, shell)).find(existsSync);
    const skip = found === undefined ? `there is no ${shell} here` : false;
    // A shell that is put into the background hears no SIGINT any more; Node does.
    const words = (code: string): readonly string[] => {
      const own = initArguments([process.execPath, "-e", code]);
      return [found ?? "", ...(shell === "busybox" ? own : own.slice(1))];
    };

    it(`may be ${shell}: hands on signals and codes`, { skip }, async () => {
      const codeOf = async (line: string): Promise<number | null> => {
        const child = spawn("unshare", [...space, ...words(line)], { stdio: "ignore" });
        await once(child, "close");
        return child.exitCode;
      };
      assert.deepEqual(
        await Promise.all(["process.exit(5)", "process.kill(process.pid, 9)"].map(codeOf)),
        [5, 137],
      );
      const handed = ["SIGINT", "SIGHUP", "SIGTERM", "SIGUSR2"] as const;
      const hears = async (signal: NodeJS.Signals): Promise<void> => {
        const ends = `process.on("${signal}", () => process.exit(9)); console.log("made")`;
        const one = await container(...words(`${makesOrphans}; ${ends}`));
        await until("orphans", 20_000, async () => (one.out() === "made\n" ? true : undefined));
        await until("no zombie", 10_000, async () => (zombies(one) === 0 ? true : undefined));
        one.signal(signal);
        assert.equal(await one.ended, 9);
      };
      await Promise.all(handed.map(hears));
    });
  }

  it("without all this they would stay", async () => {
    const it = await container(process.execPath, "-e", makesOrphans);
    await until("zombies", 20_000, async () => (zombies(it) === 40 ? true : undefined));
    it.signal("SIGKILL");
    await it.ended;
  });
});
