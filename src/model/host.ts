// What the machine that all runs on has used so far and has left; what it does not tell is absent.

export interface HostFigures {
  /** Since the start of the machine, of all cores together; `allMs` counts idle time, too. */
  readonly cpu?: {
    readonly allMs: number;
    readonly busyMs: number;
    readonly ioWaitMs: number;
    readonly stealMs: number;
  };
  readonly memory?: {
    readonly totalBytes: number;
    readonly availableBytes: number;
    readonly swapBytes: number;
    readonly swapFreeBytes: number;
  };
  readonly pressure: readonly {
    readonly resource: "cpu" | "memory" | "io";
    readonly kind: "some" | "full";
    /** Since the start of the machine, milliseconds. */
    readonly waitedMs: number;
  }[];
  /** `most` is absent where there is no limit. */
  readonly fds?: { readonly open: number; readonly most?: number };
  /** Of all interfaces but the loopback, since they are up; errors are packets. */
  readonly network?: {
    readonly receivedBytes: number;
    readonly sentBytes: number;
    readonly errors: number;
  };
  /** Of the control group with the narrowest limit that this process is in. */
  readonly groupCpu?: {
    readonly usedMs: number;
    readonly cores: number;
    readonly periods: number;
    readonly throttled: number;
  };
  /** Without the cache of files that can be given up at once. */
  readonly groupMemory?: { readonly usedBytes: number; readonly mostBytes: number };
}

export interface DiskFigures {
  readonly mount: string;
  /** What an ordinary user may have. */
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Absent for file systems that make inodes as they need them. */
  readonly inodes?: { readonly total: number; readonly free: number };
}
