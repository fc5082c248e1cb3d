// What a service says of the connections that the gateway takes and makes for it.

export interface TransportConfig {
  /** tcp: bytes go both ways unread, for what speaks something other than HTTP. Default http. */
  readonly protocol?: "http" | "tcp";
  /** A Unix socket for clients beside the port, relative to the project folder. */
  readonly path?: string;
  /** The Unix socket an instance listens on in place of its port, such as "run/web-${index}.sock". */
  readonly instancePath?: string;
  /** Networks of proxies that tell their client in the PROXY protocol; "unix" is the Unix socket. */
  readonly acceptProxy?: readonly string[];
  /**
   * Networks of proxies whose X-Forwarded-* and Forwarded are believed. Default: this machine, private
   * networks and Unix sockets. []: nobody's.
   */
  readonly trustForwarded?: readonly string[];
  /** Tell instances of tcp who the client is. */
  readonly sendProxy?: "v1" | "v2";
}
