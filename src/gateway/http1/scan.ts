// One pass over the bytes of a head: finds lines, names and values, and refuses what may not be there.

import type { Limits } from "../relay/limits.ts";
import { colon, cr, lf, space, tab, tokenBytes, valueBytes } from "./bytes.ts";

/** Why a message is not taken: the status a client gets, and the reason in words. */
export interface Fault {
  readonly status: number;
  readonly text: string;
}

/** What `run` returns while the head has not ended, and when it never will. */
export const more = -1;
export const faulty = -2;

type ScanLimits = Pick<Limits, "headBytes" | "targetBytes" | "fields">;

type Phase = "empty" | "first" | "line" | "name" | "blank" | "value";

/**
 * Can be fed a head in pieces: `run` goes on where it stopped, as long as the bytes before that
 * stand where they stood.
 */
export class HeadScan {
  /** Four places for each field: start and end of its name, start and end of its value. */
  readonly fields: number[] = [];
  /** How many places of `fields` are of this head. */
  count = 0;
  /** Of the request line or status line. */
  start = 0;
  lineEnd = 0;
  fault: Fault | undefined;
  readonly #limits: ScanLimits;
  #at = 0;
  #phase: Phase = "empty";
  /** Where the name or value begins that is being read. */
  #from = 0;
  #nameEnd = 0;

  constructor(limits: ScanLimits) {
    this.#limits = limits;
  }

  /** Begins a head at `at`. */
  reset(at: number): void {
    this.count = 0;
    this.start = at;
    this.fault = undefined;
    this.#at = at;
    this.#phase = "empty";
  }

  get #isInFirstLine(): boolean {
    return this.#phase === "first" || this.#phase === "empty";
  }

  /** The place after the head that begins at `start`, or `more`, or `faulty`. */
  run(bytes: Uint8Array, end: number): number {
    const stopped = this.#run(bytes, end);
    if (stopped !== more || end - this.start <= this.#limits.headBytes) {
      if (stopped <= this.start + this.#limits.headBytes) return stopped;
    }
    const { targetBytes } = this.#limits;
    return this.#isInFirstLine || this.lineEnd - this.start > targetBytes
      ? this.#refuse(414, "the request line is too long")
      : this.#refuse(431, "the head is too large");
  }

  #run(bytes: Uint8Array, end: number): number {
    let at = this.#at;
    while (at < end) {
      switch (this.#phase) {
        case "empty":
          if (at === this.start && bytes[at] === cr) {
            if (at + 1 >= end) return this.#wait(at);
            if (bytes[at + 1] !== lf) return this.#refuse(400, "a bare CR");
            // One empty line before a request is an old mistake that does no harm.
            at += 2;
            this.start = at;
          }
          this.#phase = "first";
          break;
        case "first":
          while (at < end && valueBytes[bytes[at] ?? 0] === 1) at++;
          if (at + 1 >= end && (at >= end || bytes[at] === cr)) return this.#wait(at);
          if (!this.#isLineEnd(bytes, at)) return faulty;
          this.lineEnd = at;
          at += 2;
          this.#phase = "line";
          break;
        case "line":
          if (bytes[at] === cr) {
            if (at + 1 >= end) return this.#wait(at);
            if (bytes[at + 1] !== lf) return this.#refuse(400, "a bare CR");
            return at + 2;
          }
          this.#from = at;
          this.#phase = "name";
          break;
        case "name":
          while (at < end && tokenBytes[bytes[at] ?? 0] === 1) at++;
          if (at >= end) return this.#wait(at);
          if (bytes[at] !== colon || at === this.#from) return this.#refuseName(bytes[at], at);
          this.#nameEnd = at++;
          this.#phase = "blank";
          break;
        case "blank":
          while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
          if (at >= end) return this.#wait(at);
          this.#put(this.#from, this.#nameEnd);
          this.#from = at;
          this.#phase = "value";
          break;
        case "value":
          while (at < end && valueBytes[bytes[at] ?? 0] === 1) at++;
          if (at + 1 >= end && (at >= end || bytes[at] === cr)) return this.#wait(at);
          if (!this.#isLineEnd(bytes, at)) return faulty;
          this.#endValue(bytes, at);
          if (this.count > 4 * this.#limits.fields) {
            return this.#refuse(431, `more than ${this.#limits.fields} fields`);
          }
          at += 2;
          this.#phase = "line";
          break;
      }
    }
    return this.#wait(at);
  }

  #wait(at: number): number {
    this.#at = at;
    return more;
  }

  #endValue(bytes: Uint8Array, at: number): void {
    let last = at;
    while (last > this.#from && (bytes[last - 1] === space || bytes[last - 1] === tab)) last--;
    this.#put(this.#from, last);
  }

  #put(start: number, end: number): void {
    this.fields[this.count++] = start;
    this.fields[this.count++] = end;
  }

  #isLineEnd(bytes: Uint8Array, at: number): boolean {
    if (bytes[at] === cr && bytes[at + 1] === lf) return true;
    const what = bytes[at] === cr ? "a bare CR" : bytes[at] === lf ? "a bare LF" : undefined;
    this.#refuse(400, what ?? `the control byte ${bytes[at]}`);
    return false;
  }

  #refuseName(byte: number | undefined, at: number): number {
    const isFirst = at === this.#from;
    if (isFirst && (byte === space || byte === tab)) {
      return this.#refuse(400, "a folded line, or one that begins with a space");
    }
    if (byte === space || byte === tab) return this.#refuse(400, "a space before the colon");
    if (byte === lf || byte === cr) return this.#refuse(400, "a line without a colon");
    return this.#refuse(400, isFirst && byte === colon ? "a field without a name" : "a bad name");
  }

  #refuse(status: number, text: string): number {
    this.fault ??= { status, text };
    return faulty;
  }
}
