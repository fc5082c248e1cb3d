// The config as people write it: durations as text, everything optional that has a sound default.
import type { Duration } from "../kernel/duration.ts";
import type { Mode } from "../model/action.ts";
import type { UlimitName } from "../platforms/platform.ts";
import type { DowntimeConfig } from "./config-downtime.ts";
import type { OutsideConfig } from "./config-external.ts";
import type { GatewayConfig } from "./config-gateway.ts";
import type { WithGatewayKind } from "./config-gateway-kind.ts";
import type { LogsConfig, ServiceLogsConfig } from "./config-logs.ts";
import type { NotifyConfig } from "./config-notify.ts";
import type { OrderConfig } from "./config-order.ts";
import type { ProbesConfig } from "./config-probes.ts";
import type { WithSeries } from "./config-series.ts";
import type { WithSources } from "./config-sources.ts";
import type { ServiceStopConfig, StopConfig } from "./config-stop.ts";
import type { WithToxiproxy } from "./config-toxiproxy.ts";

export interface ProbeConfig {
  /** Path that answers 2xx or 3xx when the instance is well. Exactly one of http, tcp and exec. */
  readonly http?: string;
  /** Healthy when its port accepts a connection. A hang is not seen this way. */
  readonly tcp?: true;
  /** Command, without a shell, that exits 0 when the instance is well. */
  readonly exec?: readonly string[];
  /** Default 1 s. */
  readonly interval?: Duration;
  /** Default 1 s. */
  readonly timeout?: Duration;
  /** Bad answers in a row that make a symptom. Default 3. */
  readonly failures?: number;
  /** Not ready after so long is a symptom. Default 30 s. */
  readonly startup?: Duration;
  /** An answer later than this, for `limits.for`, is slowness. Default: not watched. */
  readonly slowAfter?: Duration;
}

export interface RestartConfig {
  /** Default "unexpected": not after an exit code in `expectedExits` (default: 0). */
  readonly when?: "unexpected" | "always" | "never";
  readonly expectedExits?: readonly number[];
  /** Default: 500 ms, doubling up to 30 s. The first exit after a stable run is answered at once. */
  readonly backoff?: {
    readonly first?: Duration;
    readonly factor?: number;
    readonly max?: Duration;
  };
  /** A run that was longer starts the back-off anew. Default 10 s. */
  readonly stable?: Duration;
  /** Short runs in a row that are called a crash loop. Default 3. */
  readonly loopExits?: number;
  /** Default: 8 exits within 10 min. The back-off must leave room for them. */
  readonly giveUp?: { readonly exits: number; readonly within: Duration };
  /** What was given up is tried again so long after its end, for ever. Default 5 min. */
  readonly retry?: Duration;
}

export interface HealingConfig {
  /** Default: start is "auto", everything else "suggest". */
  readonly mode?: Mode;
  readonly modes?: {
    readonly start?: Mode;
    readonly restart?: Mode;
    readonly rollback?: Mode;
    readonly degrade?: Mode;
    readonly restore?: Mode;
  };
  /** Between two actions of a kind on one target. Default: 10 s, doubling per failure to 5 min. */
  readonly cooldown?: { readonly first?: Duration; readonly max?: Duration };
  /** Actions of one incident that did not help, before people are called. Default 3. */
  readonly strikes?: number;
  /** Actions of a kind per diagnosis of a service and hour. Default 3. */
  readonly perHour?: number;
  /** Share of a service that may be down because of an action; at least one may. Default 0.5. */
  readonly maxUnhealthy?: number;
  /** Default: healthy for 10 s within 60 s. */
  readonly verify?: { readonly healthy?: Duration; readonly timeout?: Duration };
  /** How long a question to people stands. Default 15 min. */
  readonly approval?: Duration;
  /** How long slowness waits for its dependencies to speak. Default 2 s. */
  readonly settle?: Duration;
}

export interface ServiceConfig extends OrderConfig, DowntimeConfig {
  /** Arguments, or a line; a line with shell characters runs in /bin/sh. */
  readonly command: string | readonly string[];
  /** Relative to the project folder. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | number | boolean>>;
  /** Files of NAME=value lines, read at each start; one that may be absent ends in "?". */
  readonly envFiles?: readonly string[];
  /** Name or id; needs root. HOME, USER and LOGNAME are set to it. */
  readonly user?: string | number;
  /** Default: the group of the user. */
  readonly group?: string | number;
  /** Octal digits: "027". */
  readonly umask?: string;
  /** -20, served first, to 19, served last. */
  readonly nice?: number;
  /** -1000, never ended when memory is out, to 1000, ended first. */
  readonly oomScore?: number;
  /** Limits of each of its processes, soft and hard. */
  readonly ulimit?: Readonly<Partial<Record<UlimitName, number | "unlimited">>>;
  /** Limits of an instance with all its children, where the machine gives a cgroup. */
  readonly resources?: {
    /** "512MiB", "2GiB". */
    readonly memoryMax?: string;
    /** Cores. */
    readonly cpuMax?: number;
    readonly pidsMax?: number;
  };
  /** Default 1. */
  readonly replicas?: number;
  /** Where clients connect; each replica gets a port of its own in PORT. */
  readonly port?: number;
  /** Where the gateway opens it. Default 127.0.0.1; "0.0.0.0" is everywhere. */
  readonly host?: string;
  /** One probe for everything: the start, readiness and liveness. */
  readonly probe?: ProbeConfig;
  /** Each of them apart, in place of `probe`. */
  readonly probes?: ProbesConfig;
  readonly limits?: {
    readonly p95?: Duration;
    /** Share of requests that may fail. */
    readonly errors?: number;
    /** Share of one core. */
    readonly cpu?: number;
    readonly memoryMiB?: number;
    /** Lines of severity error in its log, a second. */
    readonly errorLines?: number;
    /**
     * Signs that a series is not as it ever was: how many false ones are borne a month and series. 0:
     * none is looked for. Default 1.
     */
    readonly unusualPerMonth?: number;
    /** Memory and descriptors that run out sooner are told; 0 for never. Default 4 h. */
    readonly ahead?: Duration;
    /** How long a limit must be passed. Default 3 s. */
    readonly for?: Duration;
  };
  /** Watched, kept in versions, and put back when a new one makes the service crash. */
  readonly configFiles?: readonly string[];
  readonly restart?: RestartConfig;
  /** Default: SIGTERM, then KILL after 10 s. */
  readonly stop?: ServiceStopConfig;
  /** How the gateway carries its traffic. Needs a port. */
  readonly gateway?: GatewayConfig;
  /** How long the gateway keeps a request when no instance is ready. Default 5 s. */
  readonly hold?: Duration;
  /** How long an answer may take. Default 30 s. */
  readonly timeout?: Duration;
  /** Whether its dependents cope when the gateway answers 503 for it. Default false. */
  readonly degradable?: boolean;
  readonly healing?: HealingConfig;
  /**
   * Whether a Node.js process that hangs is asked for its stack, by SIGUSR1. One with its own use for
   * that signal is found out by asking it once. Default true.
   */
  readonly capture?: boolean;
  readonly logs?: ServiceLogsConfig;
}

export interface Config
  extends OutsideConfig,
    WithToxiproxy,
    WithGatewayKind,
    WithSources,
    WithSeries {
  /** Address of the JSON Schema, for editors. */
  readonly $schema?: string;
  /** Default: the name of the folder. */
  readonly project?: string;
  /** Default 127.0.0.1:7700. Another host needs a token of 16 characters or more. */
  readonly dashboard?: {
    readonly host?: string;
    readonly port?: number;
    readonly token?: string;
  };
  readonly services: Readonly<Record<string, ServiceConfig>>;
  readonly healing?: HealingConfig;
  readonly logs?: LogsConfig;
  /** Default: nobody is told; a line in the log of the daemon says what a page would. */
  readonly notify?: NotifyConfig;
  readonly stop?: StopConfig;
}

/** Gives an editor the types of a config; returns what it was given. */
export function defineConfig(config: Config): Config {
  return config;
}
