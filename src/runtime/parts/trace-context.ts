// Identifiers of traces and the header that carries them from one process to the next.
// Source: W3C Trace Context, Level 1 (2021) and the random flag of Level 2.
import type { Random } from "../../kernel/random.ts";

/** What `traceparent` says: which trace, and which of its spans is the parent. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 0: sampled; bit 1: the trace id is random. */
  readonly flags: number;
}

const shape = /^([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const longest = 512;
const knownFlags = 3;

/** Undefined for what is not a valid header: then a new trace begins. */
export function readTraceparent(text: unknown): TraceParent | undefined {
  if (typeof text !== "string" || text.length > longest) return undefined;
  const [, version, traceId, spanId, flags, more] = shape.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Only a version after 00 may have more fields; ff is none.
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & knownFlags };
}

/** Of version 00. */
export function writeTraceparent({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;
}

export function newTraceId(random: Random): string {
  return hex(random, 32);
}

export function newSpanId(random: Random): string {
  return hex(random, 16);
}

/** Never all zeros, which is forbidden: the last digit is at least 1. */
function hex(random: Random, digits: number): string {
  let text = "";
  while (text.length < digits - 1) text += Math.floor(random() * 16).toString(16);
  return text + (1 + Math.floor(random() * 15)).toString(16);
}
