// What a route says of the connections it takes and makes: the plain bytes below any request.

export type ProxyVersion = "v1" | "v2";

export interface RouteTransport {
  /** tcp: bytes go both ways unread. Absent: HTTP. */
  readonly protocol?: "tcp";
  /** A Unix socket for clients beside the port, as a whole path. */
  readonly path?: string;
  /**
   * Networks of proxies that say first who their client is, in the PROXY protocol; whoever comes
   * from there must say it, and nobody else may. "0.0.0.0/0", "::/0"; "unix" is the Unix socket.
   */
  readonly acceptProxy?: readonly string[];
  /**
   * Networks of proxies whose X-Forwarded-* and Forwarded are believed and passed on; absent: this
   * machine and private networks.
   */
  readonly trustForwarded?: readonly string[];
  /** Instances are told who the client is. Of a route of tcp only. */
  readonly sendProxy?: ProxyVersion;
}
