// The contract of a notifier: tell a person.
export interface Notice {
  readonly incident: string;
  readonly title: string;
  readonly text: string;
  readonly urgent: boolean;
  /** The incident has ended: what was told of it can be put away. */
  readonly over?: true;
  /** What `text` says, piece by piece, for who has a place for each: "cause", "done", "next". */
  readonly facts?: Readonly<Record<string, string>>;
  /** Where a person reads all of it. */
  readonly link?: string;
  /** A question that waits for a yes or a no. */
  readonly asks?: Question;
}

export interface Question {
  readonly approval: string;
  /** Tells it from a question of the same name in another journal. */
  readonly askedAtMs: number;
}

export interface Notifier {
  readonly name: string;
  /**
   * Resolves when the notice has reached the person, or a newer one of its incident that took its
   * place before it left; of one incident the newest comes last. Rejects with the reason: an error
   * that is not `retryable` will come again however often it is tried, and `details.retryAfterMs`
   * is what the other end asks to wait.
   */
  send(notice: Notice, ctx: { readonly signal: AbortSignal }): Promise<void>;
}
