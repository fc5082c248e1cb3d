// The contract of a notifier: tell a person.
export interface Notice {
  readonly incident: string;
  readonly title: string;
  readonly text: string;
  readonly urgent: boolean;
}

export interface Notifier {
  readonly name: string;
  send(notice: Notice, ctx: { readonly signal: AbortSignal }): Promise<void>;
}
