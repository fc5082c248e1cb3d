// What the daemon and the spawner say to each other: one JSON object a line on a Unix socket.
// The spawner greets first. It answers each start, and tells each end until that has been taken.
import type { ProcessIdentity } from "../model/instance.ts";
import type { Target } from "../model/target.ts";
import { type Fields, fields, list, mismatch, parsed, text, whole } from "./shape.ts";

/** `hello` and `retire` are understood by every version. */
export const spawnerProtocol = 2;

/** Ends that are kept for a daemon that is away; the oldest go first, and are counted. */
export const keptEndsMax = 4_096;
/** More processes than one machine gives to one user. */
const heldMax = 65_536;
/** 100 services of 16 sockets each. */
const addressesMax = 1_600;

/** A process that the spawner is the parent of. */
export interface Held {
  readonly identity: ProcessIdentity;
  readonly target: Target;
  readonly project: string;
  readonly run: string;
  readonly port?: number;
}

export interface HeldEnd {
  readonly identity: ProcessIdentity;
  readonly code: number | null;
  readonly signal: string | null;
  /** How long before these words it ended, ms of the monotonic clock: no moment of a wall clock. */
  readonly agoMs: number;
}

/** `Spec` is what the platform starts a process from; only both ends of the wire look into it. */
export type ToSpawner<Spec> =
  /** Who asks is the daemon from now on; the one before it is cut off. */
  | { readonly kind: "list" }
  /** An id that was answered before is answered again with the same words: nothing is done twice. */
  | { readonly kind: "start"; readonly id: string; readonly spec: Spec }
  /** These ends have been written down. */
  | { readonly kind: "taken"; readonly identities: readonly ProcessIdentity[] }
  /** These sockets are held from now on when they are there; all others are closed. */
  | { readonly kind: "keep"; readonly addresses: readonly string[] }
  | { readonly kind: "ping" }
  /** Leave the socket to a successor, and end with the last child. */
  | { readonly kind: "retire" }
  /** End now; what still runs goes on without a parent. */
  | { readonly kind: "stop" };

export type FromSpawner =
  | { readonly kind: "hello"; readonly protocol: number; readonly identity: ProcessIdentity }
  | {
      readonly kind: "list";
      readonly held: readonly Held[];
      readonly ends: readonly HeldEnd[];
      /** Ends that were dropped because nobody took them. */
      readonly dropped: number;
    }
  | { readonly kind: "started"; readonly id: string; readonly identity: ProcessIdentity }
  /** Nothing was started; the words are for people. */
  | { readonly kind: "failed"; readonly id: string; readonly text: string }
  | { readonly kind: "ended"; readonly end: HeldEnd }
  | { readonly kind: "pong" };

export function spawnerLine(message: ToSpawner<unknown> | FromSpawner): string {
  return `${JSON.stringify(message)}\n`;
}

/** `spec` checks what a process is started from. @throws WIRE_SHAPE */
export function parseToSpawner<Spec>(line: string, spec: (value: Fields) => Spec): ToSpawner<Spec> {
  const message = fields(parsed(line), "message");
  switch (message.kind) {
    case "list":
    case "ping":
    case "retire":
    case "stop":
      return { kind: message.kind };
    case "start": {
      const id = text(message.id, "id");
      return { kind: "start", id, spec: spec(fields(message.spec, "spec")) };
    }
    case "taken":
      return {
        kind: "taken",
        identities: list(message.identities, "identities", keptEndsMax, identityOf),
      };
    case "keep":
      return {
        kind: "keep",
        addresses: list(message.addresses, "addresses", addressesMax, words),
      };
    default:
      return mismatch("kind", "list, start, taken, keep, ping, retire or stop", message.kind);
  }
}

/** @throws WIRE_SHAPE */
export function parseFromSpawner(line: string): FromSpawner {
  const message = fields(parsed(line), "message");
  switch (message.kind) {
    case "hello":
      return {
        kind: "hello",
        protocol: whole(message.protocol, "protocol"),
        identity: identityOf(message.identity, "identity"),
      };
    case "list":
      return {
        kind: "list",
        held: list(message.held, "held", heldMax, heldOf),
        ends: list(message.ends, "ends", keptEndsMax, endOf),
        dropped: whole(message.dropped, "dropped"),
      };
    case "started":
      return {
        kind: "started",
        id: text(message.id, "id"),
        identity: identityOf(message.identity, "identity"),
      };
    case "failed":
      return { kind: "failed", id: text(message.id, "id"), text: words(message.text, "text") };
    case "ended":
      return { kind: "ended", end: endOf(message.end, "end") };
    case "pong":
      return { kind: "pong" };
    default:
      return mismatch("kind", "hello, list, started, failed, ended or pong", message.kind);
  }
}

function identityOf(value: unknown, at: string): ProcessIdentity {
  const { pid, startTicks, bootId } = fields(value, at);
  return {
    pid: whole(pid, `${at}.pid`, 1),
    startTicks: whole(startTicks, `${at}.startTicks`),
    bootId: text(bootId, `${at}.bootId`),
  };
}

function heldOf(value: unknown, at: string): Held {
  const { identity, target, project, run, port } = fields(value, at);
  return {
    identity: identityOf(identity, `${at}.identity`),
    target: words(target, `${at}.target`),
    project: words(project, `${at}.project`),
    run: words(run, `${at}.run`),
    ...(port === undefined ? {} : { port: whole(port, `${at}.port`, 1, 65_535) }),
  };
}

function endOf(value: unknown, at: string): HeldEnd {
  const { identity, code, signal, agoMs } = fields(value, at);
  return {
    identity: identityOf(identity, `${at}.identity`),
    code: code === null ? null : whole(code, `${at}.code`),
    signal: signal === null ? null : text(signal, `${at}.signal`),
    agoMs: whole(agoMs, `${at}.agoMs`),
  };
}

/** Paths and the system's reasons may be longer than a name; the line is bounded as a whole. */
function words(value: unknown, at: string): string {
  return typeof value === "string" ? value : mismatch(at, "text", value);
}
