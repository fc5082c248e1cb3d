// What a config says about Toxiproxy in the gateway: its API, and proxies that are there at once.

export interface ToxiproxySettings {
  /** Of the HTTP API. Default 8474. */
  readonly port?: number;
  /** Default 127.0.0.1. The API knows no password: whoever reaches it can do what it can. */
  readonly host?: string;
  /** By name, there when the gateway starts; more can be made with the API. */
  readonly proxies?: Readonly<
    Record<
      string,
      {
        /** "127.0.0.1:26379"; without a host on every address of the machine. */
        readonly listen: string;
        /** "127.0.0.1:6379" */
        readonly upstream: string;
        /** Default true; false is down. */
        readonly enabled?: boolean;
      }
    >
  >;
}

export interface WithToxiproxy {
  /** Default: off. */
  readonly toxiproxy?: ToxiproxySettings;
}
