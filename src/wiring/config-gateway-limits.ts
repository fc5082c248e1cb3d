// What a service says of what its clients may do.
import type { Duration } from "../kernel/duration.ts";

export interface LimitsConfig {
  readonly limits?: {
    /** Of the head of a request; 431 beyond. Default 32768. */
    readonly headBytes?: number;
    /** Of its body; 413 beyond. Default 64 GiB. */
    readonly bodyBytes?: number;
    /** Clients at once; more wait in the kernel. Default 20000. */
    readonly connections?: number;
    /** Then the connection is closed. Default 100000. */
    readonly requestsPerConnection?: number;
    /** For a head, from its first byte on; 408 beyond. Default 15s. */
    readonly head?: Duration;
    /** Between two pieces of a body; 408 beyond. Default 60s. */
    readonly bodyIdle?: Duration;
    /** For all of a request. Default 1h. */
    readonly request?: Duration;
    /** Of a connection without a request. Default 65s. */
    readonly keepAlive?: Duration;
  };
}
