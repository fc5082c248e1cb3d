// Finds the processes of one project by the marks in their environment, without the code under test.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface Marked {
  readonly pid: number;
  /** "web/1", or "@gateway". */
  readonly target: string;
  readonly run: string;
  /** Whether it leads its process group, as every process that the daemon itself started does. */
  readonly leader: boolean;
  /** 0 when it was given none. */
  readonly port: number;
}

/** Every running process that carries this state folder's mark; zombies have ended. */
export function markedBy(stateFolder: string): readonly Marked[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => look(Number(name), stateFolder));
}

function look(pid: number, stateFolder: string): readonly Marked[] {
  const environment = read(`/proc/${pid}/environ`);
  if (!environment?.includes(`HOMEOSTAT_PROJECT=${stateFolder}\0`)) return [];
  const stat = read(`/proc/${pid}/stat`);
  const [state, , group] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  if (state === undefined || "ZX".includes(state)) return [];
  const value = (name: string): string =>
    environment
      .split("\0")
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? "";
  const [target, run, port] = [value("HOMEOSTAT_INSTANCE"), value("HOMEOSTAT_RUN"), value("PORT")];
  return [{ pid, target, run, leader: Number(group) === pid, port: Number(port) }];
}

/** Undefined when the process has ended, or is another user's. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/** Kills what carries the mark until nothing does; how many there were. */
export async function endMarked(stateFolder: string): Promise<number> {
  const ended = new Set<number>();
  for (let look = 0; look < 200; look++) {
    const left = markedBy(stateFolder);
    if (left.length === 0) return ended.size;
    for (const { pid } of left) {
      ended.add(pid);
      kill(pid);
    }
    await sleep(20);
  }
  throw new Error(
    `processes of ${stateFolder} do not end: ${markedBy(stateFolder).map((it) => it.pid)}`,
  );
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
  }
}
