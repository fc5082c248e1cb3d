// Reads the tables that HAProxy prints: processes, servers, counters, sessions.
import { HomeostatError } from "../../kernel/errors.ts";

export interface Workers {
  readonly master: number;
  readonly current: number;
  /** Those that finish what they had when the config was read again. */
  readonly old: readonly number[];
  readonly failedReloads: number;
}

/** `show proc` of the master. @throws WIRE_SHAPE */
export function workersOf(text: string): Workers {
  let isOld = false;
  const old: number[] = [];
  let current: number | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("# old")) isOld = true;
    else if (line.startsWith("#")) isOld = false;
    const pid = Number(/^(\d+)\s+worker\b/.exec(line)?.[1]);
    if (!(pid > 0)) continue;
    if (isOld || current !== undefined) old.push(pid);
    else current = pid;
  }
  const failed = /\[failed: (\d+)\]/.exec(text)?.[1];
  const master = Number(/^(\d+)\s+master\b/m.exec(text)?.[1]);
  if (current === undefined || !(master > 0)) throw shape("show proc", "a worker", text);
  return { master, current, old, failedReloads: Number(failed ?? 0) };
}

/** The config that a worker runs by; undefined for one that is not ours. */
export function markOf(info: string): string | undefined {
  return /^description: homeostat-([0-9a-f]{16})$/m.exec(info)?.[1];
}

export interface Server {
  readonly back: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** ready: takes requests · drain: finishes those it has · maint: is not there. */
  readonly state: "ready" | "drain" | "maint";
}

/** `show servers state`, version 1 of the format. @throws WIRE_SHAPE */
export function serversOf(text: string): readonly Server[] {
  const lines = text.split("\n");
  const header = lines.find((line) => line.startsWith("# be_id "));
  if (header === undefined) throw shape("show servers state", "a header", text);
  const names = header.slice(2).split(" ");
  const at = (name: string): number => names.indexOf(name);
  const [back, name, address] = [at("be_name"), at("srv_name"), at("srv_addr")];
  const [port, admin] = [at("srv_port"), at("srv_admin_state")];
  return lines.flatMap((line) => {
    const cells = line.split(" ");
    if (line.startsWith("#") || cells.length < names.length - 2) return [];
    const flags = Number(cells[admin]);
    return [
      {
        back: cells[back] ?? "",
        name: cells[name] ?? "",
        address: cells[address] ?? "",
        port: Number(cells[port]),
        state: stateOf(flags),
      },
    ];
  });
}

/**
 * Flags of maintenance: forced, inherited, resolution (0x04 says only that the config had it so); and
 * of draining. Source: HAProxy's management guide, `show servers state`.
 */
function stateOf(flags: number): Server["state"] {
  if ((flags & (0x01 | 0x02 | 0x20 | 0x40)) !== 0) return "maint";
  return (flags & (0x08 | 0x10)) !== 0 ? "drain" : "ready";
}

export type Row = Readonly<Record<string, string>>;

/** `show stat`: one row for each frontend, backend and server. @throws WIRE_SHAPE */
export function rowsOf(text: string): readonly Row[] {
  const lines = text.split("\n").filter((line) => line !== "");
  const header = lines.find((line) => line.startsWith("# pxname,"));
  if (header === undefined) throw shape("show stat", "a header", text);
  const names = header.slice(2).split(",");
  return lines
    .filter((line) => line.includes(",") && !/^(?:#|0x)/.test(line))
    .map((line) => {
      const cells = line.split(",");
      return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
    });
}

/** `show table`: what was counted under each key. */
export function countsOf(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, key = "", count] of text.matchAll(/ key=(.*) use=\d+ .*\bgpc0=(\d+)/g)) {
    counts.set(key.replace(/\\(.)/g, "$1"), Number(count));
  }
  return counts;
}

/** Ids of sessions of `show sess all` that a server has and has not begun to answer. */
export function unansweredOf(text: string, back: string, server: string): readonly string[] {
  return text.split(/\n(?=0x)/).flatMap((part) => {
    const id = /^(0x[0-9a-f]+):/.exec(part)?.[1];
    const isThere = part.includes(` backend=${back} `) && part.includes(` server=${server} `);
    const [, method = "", status] =
      / meth=(\d+) status=(-?\d+) .*rsp\.st=MSG_RPBEFORE/.exec(part) ?? [];
    return id && isThere && status === "-1" && repeated.has(method) ? [id] : [];
  });
}

/** OPTIONS, GET, HEAD, DELETE and TRACE as HAProxy numbers them: without a body that may be lost. */
const repeated: ReadonlySet<string> = new Set(["0", "1", "2", "5", "6"]);

function shape(command: string, expected: string, got: string): HomeostatError {
  const text = `${command} of HAProxy: expected ${expected}, got ${JSON.stringify(got.slice(0, 200))}`;
  return new HomeostatError("WIRE_SHAPE", text);
}
