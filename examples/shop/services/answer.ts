// A question that a service is asked, and its answer.

export interface Ask {
  /** What stands for `:id` in the route. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** The parsed JSON body of a POST; undefined when there was none. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  /** Text is sent as HTML, everything else as JSON. */
  readonly body: unknown;
  /** Runs when the answer is on its way. */
  readonly after?: () => void;
}
