// What the daemon and the receiver of sd_notify messages say to each other: words in lines.
// The receiver greets with `hello PROTOCOL PID`, then tells what each instance has said so far. Each
// order has an id, and is answered by `done ID` or `failed ID WHY` after all that came before it.
import { HomeostatError } from "../kernel/errors.ts";

export const notifyProtocol = 1;

export type ToReceiver =
  /** A socket for `name` at `path`, kept when it is there; `owner` may write to it. */
  | {
      readonly kind: "bind";
      readonly name: string;
      readonly path: string;
      readonly owner?: { readonly uid: number; readonly gid: number };
    }
  /** What was said before counts for nothing: a new run begins. */
  | { readonly kind: "begin"; readonly name: string; readonly run: string }
  /** Reads what waits, and tells how things stand. */
  | { readonly kind: "sync"; readonly name: string }
  | { readonly kind: "ping" }
  | { readonly kind: "stop" };

export type Phase = "ready" | "reloading" | "stopping";

/** What an instance has said in one run; moments are told as their age in milliseconds. */
export interface Notes {
  readonly phase?: { readonly word: Phase; readonly agoMs: number };
  /** READY=1. */
  readonly readyMs?: number;
  /** WATCHDOG=1. */
  readonly watchdogMs?: number;
  /** WATCHDOG=trigger. */
  readonly triggerMs?: number;
  /** WATCHDOG_USEC=…: another limit from now on. */
  readonly withinMs?: number;
  /** EXTEND_TIMEOUT_USEC=…, and when it was asked for. */
  readonly extend?: { readonly agoMs: number; readonly byMs: number };
  readonly status?: string;
  /** MAINPID=… was said. */
  readonly mainPid: boolean;
  /** Datagrams that were thrown away: too long, or not text. */
  readonly bad: number;
}

export type FromReceiver =
  | { readonly kind: "hello"; readonly protocol: number; readonly pid: number }
  | { readonly kind: "said"; readonly name: string; readonly run: string; readonly notes: Notes }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly why: string };

/** Printable ASCII stays, everything else becomes %xx: a word has no blanks and no line ends. */
export function word(text: string): string {
  let out = "";
  for (const byte of Buffer.from(text)) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    out += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`;
  }
  return out === "" ? "%" : out;
}

function unword(text: string): string {
  const bytes = text.replaceAll(/%([\da-f]{2})?/gi, (_, hex: string | undefined) =>
    hex === undefined ? "" : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

export function receiverLine(id: number, order: ToReceiver): string {
  switch (order.kind) {
    case "bind": {
      const { uid = -1, gid = -1 } = order.owner ?? {};
      return `bind ${id} ${word(order.name)} ${word(order.path)} ${uid} ${gid}\n`;
    }
    case "begin":
      return `begin ${id} ${word(order.name)} ${word(order.run)}\n`;
    case "sync":
      return `sync ${id} ${word(order.name)}\n`;
    default:
      return `${order.kind} ${id}\n`;
  }
}

/** @throws WIRE_SHAPE */
export function parseReceiver(line: string): FromReceiver {
  const [kind = "", first = "", second = "", ...rest] = line.split(" ");
  switch (kind) {
    case "hello":
      return { kind, protocol: whole(first), pid: whole(second) };
    case "said":
      return { kind, name: unword(first), run: unword(second), notes: notesOf(rest) };
    case "done":
      return { kind, id: whole(first) };
    case "failed":
      return { kind, id: whole(first), why: unword(second) };
    default:
      throw misshapen(line);
  }
}

function notesOf(pairs: readonly string[]): Notes {
  const said = new Map(pairs.map((pair) => cut(pair, "=")));
  const ms = (name: string): number | undefined => {
    const value = said.get(name);
    return value === undefined ? undefined : whole(value);
  };
  const [agoMs = "", byMs = ""] = (said.get("extend") ?? "").split("/");
  const [phase = "", phaseMs = ""] = (said.get("phase") ?? "").split("/");
  const [readyMs, watchdogMs] = [ms("ready"), ms("watchdog")];
  const [triggerMs, withinMs] = [ms("trigger"), ms("within")];
  const status = said.get("status");
  return {
    ...(isPhase(phase) ? { phase: { word: phase, agoMs: whole(phaseMs) } } : {}),
    ...(readyMs === undefined ? {} : { readyMs }),
    ...(watchdogMs === undefined ? {} : { watchdogMs }),
    ...(triggerMs === undefined ? {} : { triggerMs }),
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(said.has("extend") ? { extend: { agoMs: whole(agoMs), byMs: whole(byMs) } } : {}),
    ...(status === undefined ? {} : { status: unword(status) }),
    mainPid: said.has("mainpid"),
    bad: ms("bad") ?? 0,
  };
}

function cut(text: string, at: string): readonly [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

function isPhase(text: string): text is Phase {
  return text === "ready" || text === "reloading" || text === "stopping";
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw misshapen(text);
  return Number(text);
}

function misshapen(text: string): HomeostatError {
  const got = JSON.stringify(text.slice(0, 100));
  return new HomeostatError("WIRE_SHAPE", `the receiver of sd_notify said ${got}`);
}
