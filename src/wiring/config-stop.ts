// What a config says about ends: how a service is told, and how long whoever runs the daemon waits.
import type { Duration } from "../kernel/duration.ts";

export interface ServiceStopConfig {
  readonly signal?: "SIGTERM" | "SIGINT" | "SIGQUIT" | "SIGHUP" | "SIGUSR2";
  /** From the signal to SIGKILL. Default 10 s. */
  readonly wait?: Duration;
  /** When its own code lists what is stuck, counted from the signal; only checked. */
  readonly dump?: Duration;
  /** When its own code ends the process whatever is stuck; only checked: at most `wait`. */
  readonly hard?: Duration;
}

export interface StopConfig {
  /**
   * How long Docker, systemd or whoever runs the daemon waits from SIGTERM to SIGKILL: stopping
   * everything must take less. Default: not checked; in a container Docker's 10 s.
   */
  readonly grace?: Duration;
}
