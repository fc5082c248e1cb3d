// Evidence of this process for people, written to a file: heap, CPU profile, report, what is open.
import { isAbsolute, join } from "node:path";
import { builtin } from "../../kernel/builtin.ts";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import type { Captured, Orders } from "./orders.ts";

type Wish = Parameters<NonNullable<Orders["capture"]>>[0];

export interface CaptureOptions extends Partial<Pick<Surroundings, "clock">> {
  /** Writes a diagnostic report into the folder; answers its path. */
  readonly writeReport: (folder: string) => string | Promise<string>;
  /** What keeps the process alive, as text. */
  readonly open: () => string;
  /**
   * Bytes of heap above which no snapshot is taken. Default 268,435,456: beyond it a watchdog's limit
   * of 30 s or a supervisor's probe may end the app while it is blocked.
   */
  readonly heapMax?: number;
  /** Default: what this machine says. */
  readonly room?: Room;
}

/** How large the heap is, and what there is for a snapshot of it, in bytes. */
export interface Room {
  heap(): number;
  disk(folder: string): Promise<number>;
  memory(): number;
}

export type WriteCapture = (
  wish: Wish,
  asked?: { readonly signal?: AbortSignal },
) => Promise<Captured>;

const profileMs = 3_000;
const heapMax = 256 * 1024 * 1024;
/** Times the heap. */
const needs = { disk: 2, memory: 16 };
/** The rest of what a path on the wire may have is the file's name. */
const folderMax = 900;

const thisMachine: Room = {
  heap: () => builtin("node:v8").getHeapStatistics().used_heap_size,
  disk: async (folder) => {
    const { bavail, bsize } = await builtin("node:fs/promises").statfs(folder);
    return bavail * bsize;
  },
  memory: () => process.availableMemory(),
};

/**
 * One capture at a time; files are for their owner only (0600), and there under their name only when
 * they are whole. A heap snapshot holds what the process holds: secrets too. It blocks the process,
 * some 8 s for each 100 MB of small objects, and takes up to 16 times the heap in memory while it is
 * made (measured with Node 24).
 * @throws BULKHEAD_FULL while another is taken, ACTION_FAILED, CANCELLED
 */
export function createCaptures(options: CaptureOptions): WriteCapture {
  const { clock } = surroundings(options);
  let busy = false;
  let taken = 0;

  return async (wish, { signal = new AbortController().signal } = {}) => {
    const { chmod, stat } = builtin("node:fs/promises");
    if (busy) throw new HomeostatError("BULKHEAD_FULL", "another capture is being taken");
    busy = true;
    try {
      await checkFolder(wish.folder);
      const begunAt = clock.now();
      const stem = `${fileTime(clock)}-${process.pid}-${++taken}`;
      const path = await take[wish.what]({ ...options, wish, stem, clock, signal });
      await chmod(path, 0o600);
      const { size: bytes } = await stat(path);
      const ms = Math.round(clock.now() - begunAt);
      return { done: `${wish.what} of ${bytes} bytes in ${ms} ms: ${path}`, file: { path, bytes } };
    } catch (error) {
      if (error instanceof HomeostatError) throw error;
      const message = `${wish.what} in ${wish.folder}: ${messageOf(error)}`;
      throw new HomeostatError("ACTION_FAILED", message, { cause: error });
    } finally {
      busy = false;
    }
  };
}

interface Taking extends Omit<CaptureOptions, "clock"> {
  readonly wish: Wish;
  /** Tells one file from another: `20261121T030000Z-4711-1`. */
  readonly stem: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const take: Readonly<Record<Wish["what"], (taking: Taking) => Promise<string>>> = {
  "heap-snapshot": async (taking) => {
    const { folder } = taking.wish;
    await checkRoom(taking);
    return whole(join(folder, `heap-${taking.stem}.heapsnapshot`), async (path) => {
      // V8 makes a file that all may read: it is given one that is there.
      const made = await builtin("node:fs/promises").open(path, "wx", 0o600);
      await made.close();
      builtin("node:v8").writeHeapSnapshot(path);
    });
  },
  "cpu-profile": async ({ wish: { folder, ms = profileMs }, stem, clock, signal }) => {
    const profile = await profiled(ms, clock, signal);
    return written(join(folder, `cpu-${stem}.cpuprofile`), profile);
  },
  report: async ({ wish: { folder }, writeReport }) => writeReport(folder),
  open: ({ wish: { folder }, stem, open: list }) =>
    written(join(folder, `open-${stem}.txt`), `${list()}\n`),
};

async function profiled(ms: number, clock: Clock, signal: AbortSignal): Promise<string> {
  // Loaded when it is needed: Node can be built without it.
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    const isWhole = await wait(clock, ms, signal);
    const { profile } = await session.post("Profiler.stop");
    if (isWhole) return JSON.stringify(profile);
    throw new HomeostatError("CANCELLED", "the profile was given up", { cause: signal.reason });
  } finally {
    session.disconnect();
  }
}

function written(path: string, text: string): Promise<string> {
  return whole(path, (draft) =>
    builtin("node:fs/promises").writeFile(draft, text, { flag: "wx", mode: 0o600 }),
  );
}

/** Half a file is worth nothing and may be taken for a whole one. */
async function whole(path: string, write: (draft: string) => Promise<void>): Promise<string> {
  const { rename, rm } = builtin("node:fs/promises");
  const draft = `${path}.part`;
  try {
    await write(draft);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return path;
}

async function checkFolder(folder: string): Promise<void> {
  const { stat } = builtin("node:fs/promises");
  const problem =
    isAbsolute(folder) && folder.length <= folderMax ? undefined : "is no folder's path";
  if (problem === undefined && (await stat(folder)).isDirectory()) return;
  throw new HomeostatError("ACTION_FAILED", `${folder} ${problem ?? "is no folder"}`);
}

/** A full disk, an empty memory or a long block would do more harm than the snapshot does good. */
async function checkRoom(taking: Taking): Promise<void> {
  const { room = thisMachine, heapMax: most = heapMax, wish } = taking;
  const heap = room.heap();
  const [disk, memory] = [await room.disk(wish.folder), room.memory()];
  const lacks = [
    ...(heap > most ? [`it is larger than ${most} bytes`] : []),
    ...(disk <= needs.disk * heap ? [`${wish.folder} has ${disk} bytes free`] : []),
    ...(memory <= needs.memory * heap ? [`${memory} bytes of memory are free`] : []),
  ];
  if (lacks.length === 0) return;
  const message = `no snapshot of a heap of ${heap} bytes: ${lacks.join(", ")}`;
  throw new HomeostatError("ACTION_FAILED", message);
}

function fileTime(clock: Clock): string {
  return new Date(clock.wall()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}
