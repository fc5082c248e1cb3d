// What a request and an answer say about themselves, whatever protocol they came in.

/** Where a body ends: nowhere, by its length, by its chunks, or with the connection. */
export type FramingKind = "none" | "length" | "chunked" | "close";

export interface RequestHead {
  readonly method: string;
  /** Of HTTP/1.x: 0 or 1; 1 for what came in HTTP/2. */
  readonly minor: number;
  readonly keepAlive: boolean;
  readonly framing: "none" | "length" | "chunked";
  readonly length: number;
  /** Expect: 100-continue, which the gateway answers itself. */
  readonly expects: boolean;
  /** Upgrade: websocket. */
  readonly upgrades: boolean;
  readonly id: string;
  /** The head for an instance of HTTP/1.1, with the empty line. */
  readonly text: string;
}

export interface ResponseHead {
  readonly status: number;
  /** Whether the instance keeps the connection. */
  readonly keepAlive: boolean;
  readonly framing: FramingKind;
  readonly length: number;
  /** Status line and fields for the client, without coding, connection and the empty line. */
  readonly text: string;
  readonly hasDate: boolean;
}
