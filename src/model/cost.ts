// What one restart of an instance has cost: time, requests and CPU.

export interface RestartCost {
  /** From its end, or from the order to end, to ready again; absent when it was not there before. */
  readonly awayMs?: number;
  /** From the start of its process to ready. */
  readonly startMs: number;
  /** CPU that its main process had used when it was ready, ms; absent when it could not be read. */
  readonly cpuMs?: number;
  /** Of the whole service meanwhile; absent when the gateway carries none of its traffic. */
  readonly requests?: RestartRequests;
}

export interface RestartRequests {
  /** Answered with an error because nothing could take them, or what had them died. */
  readonly lost: number;
  /** Waited for an instance. */
  readonly held: number;
  /** Sent a second time to another instance. */
  readonly repeated: number;
}
