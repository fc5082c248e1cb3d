// What a connection to an instance and the request it carries know of each other.
import type { Socket } from "node:net";
import type { ResponseHead } from "./messages.ts";
import type { RequestBody } from "./request-body.ts";

/**
 * answered: passed on whole · handedOver: it was a tunnel, which has ended · refused: could not connect, so nothing reached the process · died:
 * the connection ended before a byte of an answer · stale: the same, on a connection that had been
 * idle, which a server may close at any moment · garbled: what came is not an HTTP answer ·
 * broken: the connection ended inside the answer · late: no answer in time · left: it hangs, and
 * another one can be asked · gone: the client left · faulty: the request's body is not in order.
 */
export type EndingKind =
  | "answered"
  | "handedOver"
  | "refused"
  | "died"
  | "stale"
  | "garbled"
  | "broken"
  | "late"
  | "left"
  | "gone"
  | "faulty";

/** What one try at an instance adds to its counters. */
export interface Tally {
  /** Of the answer; 0 when none has come. */
  readonly status: number;
  readonly failed: boolean;
  readonly broken: boolean;
  /** Milliseconds to the head of the answer, or until the wait for it was given up. */
  readonly waitedMs: number | undefined;
}

/** Of what was no request and answer, but bytes. */
export const untold: Tally = { status: 0, failed: false, broken: false, waitedMs: undefined };

export interface Ending {
  readonly kind: EndingKind;
  /** The system's words for what went wrong. */
  readonly text: string;
  readonly tally: Tally;
}

/** Where an answer goes. */
export interface Answering {
  /** An answer of 1xx before the one that counts. */
  interim(head: ResponseHead): void;
  /** The head waits for the first piece, or for `flush`, so that both are one write. */
  begin(head: ResponseHead): void;
  /** Bytes of the body with their framing; `data` says where its data are if it is chunked. */
  piece(bytes: Buffer, at: number, end: number, data: readonly number[] | undefined): void;
  /** Writes what waits; whether the client takes more now. `resume` is called when it does again. */
  flush(resume: () => void): boolean;
  /** Nothing more comes; `trailers` are lines, those of a body that was taken apart. */
  finish(trailers?: string): void;
  /** Whether chunks have to be taken apart for this client. */
  readonly unframes: boolean;
  /** Both connections now speak something else. */
  handOver(head: ResponseHead, instance: RawInstance, onEnd: () => void): void;
}

/** The connection to an instance as bare bytes. */
export interface RawInstance {
  readonly socket: Socket;
  /** What came right after the head. */
  readonly early: Buffer | undefined;
  /** `take` gets bytes that are lent, and says whether more may come before `resume`. */
  listen(take: (bytes: Buffer) => boolean): void;
}

/** One client request on its way to one instance. */
export interface Job {
  readonly method: string;
  /** Head for the instance. */
  readonly text: string;
  readonly upgrades: boolean;
  /** Undefined when the request has none. */
  readonly body: RequestBody | undefined;
  readonly answer: Answering;
  readonly timeoutMs: number;
  /** Asked when the instance hangs: whether the request can go to another one. */
  mayLeave(): boolean;
  /** Told once. After "answered" the answer is complete or on its way to the client. */
  ended(ending: Ending): void;
}
