// Which program carries the traffic: the gateway of Homeostat, or a HAProxy that it drives.

export interface GatewayKindSettings {
  /** Default "own". */
  readonly kind?: "own" | "haproxy";
  /** Path of HAProxy. Default: where Debian has it, or whatever PATH finds. */
  readonly binary?: string;
}

export interface WithGatewayKind {
  readonly gateway?: GatewayKindSettings;
}
