// What the HTTP API answers about the channels to people: what is undelivered, and who answered a test.

/** A notice that has not reached its channel yet. */
export interface UndeliveredView {
  readonly channel: string;
  readonly incident: string;
  readonly title: string;
  /** Whether a person is needed. */
  readonly urgent: boolean;
  readonly since: string;
  readonly attempts: number;
  /** Why the last attempt failed; absent while the first one is on. */
  readonly reason?: string;
  /** It will be refused again: somebody has to mend the channel. */
  readonly refused?: true;
  /** The channel that was told instead. */
  readonly passedOn?: string;
}

export interface ChannelTestView {
  readonly channel: string;
  /** "pagerduty, events.pagerduty.com". */
  readonly way: string;
  readonly ok: boolean;
  readonly tookMs: number;
  readonly reason?: string;
}

/** Answer of POST /api/notify/test with `{ channel }`; all of them when none is named. */
export interface ChannelTestsView {
  readonly tests: readonly ChannelTestView[];
}
