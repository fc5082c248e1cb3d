// Finds the port on which a Node.js process listens for debuggers, without having been told it.
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { connect } from "node:net";
import { type Clock, deadline } from "../kernel/clock.ts";
import { isGone, isRunning } from "./procfs.ts";

/** Where to connect: the WebSocket is `ws://127.0.0.1:port/id`. */
export interface InspectorAddress {
  readonly port: number;
  readonly id: string;
}

export interface Listener {
  readonly port: number;
  readonly inode: string;
}

export interface Search {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const pollMs = 20;
/** An inspector that is asked for opens within a few milliseconds, or late. */
const soon = { pollMs: 2, untilMs: 60 } as const;

/** From then on the listeners that were there before are asked, too: one may be the inspector. */
const patienceMs = 400;

/** Listening sockets come first in the table; the rest of it may be megabytes of connections. */
const tableLimit = 262_144;

/** Listeners on 127.0.0.1, of all processes, in the text of /proc/net/tcp (proc(5)). */
export function parseListeners(table: string): readonly Listener[] {
  const found: Listener[] = [];
  for (const line of table.split("\n").slice(1)) {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address, port = ""] = local.split(":");
    // The kernel prints the address as a number of the machine's own byte order.
    const isLoopback = address === "0100007F" || address === "7F000001";
    if (state === "0A" && isLoopback && inode)
      found.push({ port: Number.parseInt(port, 16), inode });
  }
  return found;
}

/** Listeners on 127.0.0.1 of everybody in the network of the process. */
export function readListeners(pid: number): readonly Listener[] {
  try {
    return parseListeners(readHead(`/proc/${pid}/net/tcp`, tableLimit));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/**
 * Looks until the inspector is found or the signal aborts. `request` asks for it to be opened, and
 * says whether that is possible; `before` holds the inodes of the listeners that were there before.
 */
export async function findInspector(
  pid: number,
  before: ReadonlySet<string>,
  request: () => boolean,
  search: Search,
): Promise<InspectorAddress | undefined> {
  const { clock, signal } = search;
  const startedAt = clock.now();
  const asked = new Set<string>();
  let own = [...before].filter((inode) => ownsSocket(pid, inode));
  let isRequested = false;
  while (!signal.aborted && isRunning(pid)) {
    if (!isRequested && !request()) return undefined;
    const listeners = readListeners(pid);
    const isPatient = clock.now() - startedAt < patienceMs;
    for (const { port, inode } of listeners) {
      if (asked.has(inode) || (isPatient && before.has(inode))) continue;
      asked.add(inode);
      const id = ownsSocket(pid, inode) ? await askForTarget(port, search) : undefined;
      if (id !== undefined) return { port, id };
    }
    // One that was open may have been the inspector, to which the request meant nothing.
    const left = own.filter((inode) => listeners.some((listener) => listener.inode === inode));
    isRequested = left.length === own.length;
    own = left;
    const isSoon = clock.now() - startedAt < soon.untilMs;
    await clock.sleep(isSoon ? soon.pollMs : pollMs, signal).catch(() => {});
  }
  return undefined;
}

function ownsSocket(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  const link = `socket:[${inode}]`;
  try {
    return readdirSync(folder).some((fd) => linkOf(`${folder}/${fd}`) === link);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** Whether the process listens somewhere where it did not before. */
export function hasNew(pid: number, before: ReadonlySet<string>): boolean {
  return readListeners(pid).some(({ inode }) => !before.has(inode) && ownsSocket(pid, inode));
}

/** What a link of /proc points to; undefined when it was closed meanwhile. */
export function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The id of the only debug target of a Node.js inspector; undefined for any other server. */
async function askForTarget(port: number, { clock, signal }: Search): Promise<string | undefined> {
  const limit = deadline(clock, 500, signal);
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const giveUp = (): void => resolve(undefined);
  limit.signal.addEventListener("abort", giveUp, { once: true });
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (part: string) => {
    text += part;
    const id = targetIn(text);
    if (id !== undefined) resolve(id);
    else if (text.length > 65_536) giveUp();
  });
  socket.on("error", giveUp);
  socket.on("close", giveUp);
  socket.write(`GET /json/list HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  try {
    return await promise;
  } finally {
    limit.signal.removeEventListener("abort", giveUp);
    limit.done();
    socket.destroy();
  }
}

/** Ids are UUIDs; anything else would not be an inspector of Node.js. */
export function targetIn(list: string): string | undefined {
  return /"id":\s*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/.exec(list)?.[1];
}

function readHead(path: string, limit: number): string {
  const fd = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(limit);
    let length = 0;
    for (;;) {
      const read = readSync(fd, buffer, length, limit - length, null);
      length += read;
      if (read === 0 || length === limit) return buffer.toString("latin1", 0, length);
    }
  } finally {
    closeSync(fd);
  }
}
