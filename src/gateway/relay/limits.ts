// The bounds of the HTTP/1.1 plane: every size, count and time that a peer could otherwise choose.

export interface Limits {
  /** Request line or status line, fields and the empty line: 431, for a long target 414. */
  readonly headBytes: number;
  readonly targetBytes: number;
  readonly methodBytes: number;
  readonly fields: number;
  /** What a Content-Length may say, or chunks add up to: 413. */
  readonly bodyBytes: number;
  /** A chunk's size line without its digits, and all of these in one body. */
  readonly chunkExtensionBytes: number;
  readonly chunkExtensionsBytes: number;
  readonly trailerBytes: number;
  /** 1xx answers before the one that counts. */
  readonly interims: number;
  readonly requestsPerConnection: number;
  readonly connections: number;
  /** Requests that wait for an instance. */
  readonly waiting: number;
  /** Bytes of later requests that are read while one is answered. */
  readonly aheadBytes: number;
  /** What is read of a body that nobody wants any more, to keep the connection. */
  readonly skipBytes: number;
  /** Connections without a request, kept to each instance. */
  readonly idleConnections: number;
  /** From the first byte of a head to its last. */
  readonly headMs: number;
  /** Between two pieces of a request's body. */
  readonly bodyIdleMs: number;
  /** The whole request; a large upload over a slow line takes long. */
  readonly requestMs: number;
  /** Longer than the 60 s that load balancers and browsers keep an idle connection. */
  readonly keepAliveMs: number;
  /** A client that takes nothing of what lies ready for it. */
  readonly stallMs: number;
  /** What a refused client may go on to say before it is cut, so that it reads why. */
  readonly lingerMs: number;
  /** An answer that has begun and says nothing: a stream of events. */
  readonly silenceMs: number;
  /** A WebSocket on which nobody says anything. */
  readonly tunnelIdleMs: number;
  /** A connection over loopback that takes longer waits in a full queue: the process never saw it. */
  readonly connectMs: number;
  /** Shorter than the 5 s after which many servers close an idle connection. */
  readonly instanceIdleMs: number;
}

export const defaultLimits: Limits = {
  headBytes: 32 * 1024,
  targetBytes: 16 * 1024,
  methodBytes: 32,
  fields: 200,
  bodyBytes: 64 * 2 ** 30,
  chunkExtensionBytes: 256,
  chunkExtensionsBytes: 16 * 1024,
  trailerBytes: 16 * 1024,
  interims: 16,
  requestsPerConnection: 100_000,
  connections: 20_000,
  waiting: 10_000,
  aheadBytes: 64 * 1024,
  skipBytes: 64 * 1024 * 1024,
  idleConnections: 256,
  headMs: 15_000,
  bodyIdleMs: 60_000,
  requestMs: 3_600_000,
  keepAliveMs: 65_000,
  stallMs: 120_000,
  lingerMs: 2_000,
  silenceMs: 3_600_000,
  tunnelIdleMs: 86_400_000,
  connectMs: 3_000,
  instanceIdleMs: 4_000,
};
