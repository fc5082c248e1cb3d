// What a config says so that nobody notices a restart: spares, and sockets that outlive a process.

export interface SocketConfig {
  /** As the app finds it, in LISTEN_FDNAMES. Default: the name of the service. */
  readonly name?: string;
  /** Where clients connect. Exactly one of port and path. */
  readonly port?: number;
  /** An IP address. Default 127.0.0.1. */
  readonly host?: string;
  /** Of a Unix socket, relative to the project folder. */
  readonly path?: string;
}

export interface DowntimeConfig {
  /** Instances beside the replicas, ready and without traffic until one of these fails. Default 0. */
  readonly spares?: number;
  /** Held by Homeostat and passed to each instance, the first as descriptor 3 (LISTEN_FDS). */
  readonly sockets?: readonly SocketConfig[];
}
