// Joins what was tracked with what Node itself reports: all that keeps this process from its end.
import type { Open, Tracked } from "./tracker.ts";

/** What Node's report says of one handle of its event loop. */
interface Handle {
  readonly type: string;
  readonly is_active?: boolean;
  readonly is_referenced?: boolean;
  readonly fd?: number;
  readonly pid?: number;
  readonly filename?: string;
  readonly localEndpoint?: Endpoint | string | null;
  readonly remoteEndpoint?: Endpoint | string | null;
}

interface Endpoint {
  readonly ip4?: string;
  readonly ip6?: string;
  readonly port?: number;
}

interface Report {
  readonly libuv?: readonly Handle[];
  readonly workers?: readonly {
    readonly header?: { readonly threadId?: number };
    readonly javascriptStack?: { readonly stack?: readonly string[] };
  }[];
}

export interface Survey {
  /** What was tracked and keeps the process alive. */
  readonly tracked: readonly Tracked[];
  /** Handles that nobody told of: their kind and endpoint is all that is known. */
  readonly others: readonly Open[];
  /** What each worker is doing right now, by thread id. */
  readonly doing: ReadonlyMap<number, string>;
  /** How many there are of each kind that Node counts: `{ TCPServerWrap: 1, Timeout: 2 }`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Of the loop's own machinery, and timers, of which the loop has one for all. */
const silent = new Set(["async", "check", "idle", "prepare", "timer", "loop"]);

/** `report` as Node's `process.report.getReport` answers it. */
export function survey(
  open: readonly Tracked[],
  report: object,
  resources: readonly string[],
): Survey {
  const { libuv = [], workers = [] } = report as Report;
  const handles = libuv.filter((handle) => handle.is_active !== false);
  const tracked = open.filter(({ holds, fds }) => {
    const own = handles.filter(({ fd }) => fd !== undefined && fds.includes(fd));
    return holds === true || own.length === 0 || own.some((handle) => handle.is_referenced);
  });
  const fds = new Set(open.flatMap((one) => one.fds));
  const pids = new Set(open.map(({ thing }) => ("pid" in thing ? thing.pid : undefined)));
  const others = handles
    .filter(({ type, is_referenced }) => is_referenced === true && !silent.has(type))
    .filter(({ fd }) => fd === undefined || !fds.has(fd))
    .filter(({ pid }) => pid === undefined || !pids.has(pid))
    .map((handle) => ({ kind: handle.type, endpoint: endpointOf(handle) }));
  const doing = workers.flatMap(({ header, javascriptStack }): [number, string][] => {
    const frame = javascriptStack?.stack?.find((line) => line.startsWith("at "));
    return header?.threadId === undefined || frame === undefined ? [] : [[header.threadId, frame]];
  });
  return { tracked, others, doing: new Map(doing), counts: countsOf(resources) };
}

function endpointOf({ fd, pid, filename, localEndpoint, remoteEndpoint }: Handle): string {
  const ends = [localEndpoint, remoteEndpoint].flatMap((end) => printed(end)).join(" to ");
  const rest = [
    filename,
    pid === undefined ? undefined : `pid ${pid}`,
    fd === undefined ? undefined : `fd ${fd}`,
  ];
  return [ends, ...rest].filter((part) => part !== undefined && part !== "").join(", ");
}

function printed(end: Endpoint | string | null | undefined): readonly string[] {
  if (end === null || end === undefined) return [];
  if (typeof end === "string") return [end];
  return [`${end.ip4 ?? (end.ip6 === undefined ? "?" : `[${end.ip6}]`)}:${end.port}`];
}

function countsOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
