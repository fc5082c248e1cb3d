// What /proc tells of a process that somebody else has started, and whom a folder belongs to.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { marks } from "../platforms/linux-prepare.ts";
import { readPowers } from "../platforms/powers.ts";
import { readEnvironment, readStat, runs } from "../platforms/procfs.ts";
import type { Variables } from "./dotenv.ts";

export interface Stranger {
  readonly words: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Variables;
  /** Name or id; undefined when it is the user of this process. */
  readonly user: string | number | undefined;
  /** On which it listens, in their order. */
  readonly ports: readonly number[];
  /** What it is, when it is a process of a Homeostat: "web/1". */
  readonly instance: string | undefined;
}

/** Undefined when it does not run, "hidden" when it does not tell its environment to this user. */
export function strangerOf(pid: number, path: string): Stranger | "hidden" | undefined {
  const stat = readStat(pid);
  if (!stat || !runs(stat)) return undefined;
  const env = readEnvironment(pid);
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  if (env === undefined || words.length === 0) return "hidden";
  const { uid } = statSync(`/proc/${pid}`);
  const powers = readPowers(path);
  return {
    words,
    cwd: readlinkSync(`/proc/${pid}/cwd`),
    env,
    user: uid === powers.uid ? undefined : (powers.findUser(uid)?.name ?? uid),
    ports: portsOf(pid),
    instance: env[marks.instance],
  };
}

/** The name of the owner; undefined for root, and for one that has no name here. */
export function ownerOf(folder: string, path: string): string | undefined {
  const owner = readPowers(path).findUser(statSync(folder).uid);
  return owner && owner.uid !== 0 ? owner.name : undefined;
}

/** State 0A of /proc/net/tcp: it listens. */
const listening = "0A";

function portsOf(pid: number): readonly number[] {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => socketOf(pid, fd)));
  const ports = ["tcp", "tcp6"].flatMap((file) => {
    const lines = readFileSync(`/proc/${pid}/net/${file}`, "utf8").split("\n").slice(1);
    return lines.flatMap((line) => {
      const cells = line.trim().split(/\s+/);
      const [, local = "", , state = ""] = cells;
      if (state !== listening || !sockets.has(cells[9] ?? "")) return [];
      return [Number.parseInt(local.split(":")[1] ?? "", 16)];
    });
  });
  return [...new Set(ports)].toSorted((a, b) => a - b);
}

function socketOf(pid: number, fd: string): readonly string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.slice(1) ?? [];
  } catch {
    return []; // closed in between
  }
}
