// What an app can be told when it is made, and what it takes from its environment when it is not.
import { variable } from "../../kernel/environment.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Level } from "../../kernel/log.ts";
import type { Registry } from "../../policies/registry.ts";
import { linkEnvironment } from "../../protocol/link.ts";
import type { CaptureOptions } from "../capture/capture.ts";
import type { ChaosOptions } from "../chaos/chaos.ts";
import type { CheckpointsOptions } from "../checkpoint/options.ts";
import type { RecoveryOptions } from "../events/recovery-options.ts";
import type { FeaturesOptions, Flag } from "../features/feature-options.ts";
import type { EndpointOptions } from "../health/endpoints.ts";
import type { HealthOptions } from "../health/health.ts";
import type { InstallOptions } from "../lifecycle/ends.ts";
import type { LifecycleOptions } from "../lifecycle/lifecycle.ts";
import type { LogOptions } from "../log/log.ts";
import type { UsualSinksOptions } from "../log/usual-sinks.ts";
import type { MetricsOptions } from "../metrics/metrics.ts";
import type { Reporter } from "../parts/capture.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { SyntheticOptions } from "../synthetic/synthetic.ts";
import type { TuningOptions } from "../tuning/options.ts";
import type { OuterOptions } from "../watchdog/outer.ts";
import type { WatchdogOptions } from "../watchdog/watchdog.ts";

export interface AppLogOptions
  extends Omit<LogOptions, "app" | "capture" | "metrics" | "clock">,
    UsualSinksOptions {}

export interface AppOptions extends Partial<Pick<Surroundings, "clock" | "random">> {
  /** Default: the console, and syslog where SYSLOG_ADDRESS is set; level from LOG_LEVEL, else "info". */
  readonly log?: AppLogOptions;
  /** Where errors go that somebody should look at. */
  readonly reporters?: readonly Reporter[];
  readonly capture?: Pick<CaptureOptions, "flushMs" | "closeMs" | "pending">;
  readonly health?: Pick<HealthOptions, "firstWithinMs">;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly features?: Pick<FeaturesOptions, "everyMs">;
  readonly recovery?: Pick<RecoveryOptions, "atOnceMax" | "stopMs">;
  /** A file in which recoveries and watched metrics are remembered over a restart. Default: none. */
  readonly stateFile?: string;
  /** The folder where states are kept for the next process, and how many. */
  readonly checkpoints?: Pick<
    CheckpointsOptions,
    "folder" | "keep" | "maxBytes" | "provenMs" | "deathsMax"
  >;
  readonly tuning?: Pick<TuningOptions, "startMs">;
  /** Where the app answers, for its synthetic checks. Default: APP_URL. */
  readonly url?: string;
  readonly synthetic?: Pick<
    SyntheticOptions,
    "headers" | "fetch" | "firstWithinMs" | "everyMs" | "bodyBytesMax"
  >;
  /** `armed` defaults to ENABLE_CHAOS being "true" or "1". */
  readonly chaos?: Pick<ChaosOptions, "armed" | "production" | "journalFile" | "atOnceMax">;
  readonly watchdog?: Pick<WatchdogOptions, "policy" | "sweepMs" | "reporters"> & {
    /** The watch over the main thread from a thread of its own; false for none. */
    readonly outer?: Omit<OuterOptions, "log" | "clock" | "app"> | false;
  };
  /**
   * Without `debugAfterMs` and under a daemon, its moments follow the time that the daemon waits before
   * SIGKILL (a service's `stop.wait`): what is stuck is listed after 60 % of it, the end comes at 85 %.
   */
  readonly shutdown?: Omit<LifecycleOptions, "capture" | "levels" | "process">;
  /** What of the process is answered from the moment the app is made; false for nothing. */
  readonly install?: InstallOptions | false;
  readonly endpoints?: Pick<EndpointOptions, "details" | "paths">;
  readonly metrics?: Pick<
    MetricsOptions,
    "maxSeries" | "maxMetrics" | "sourceLimitMs" | "sources"
  > & {
    /** `process_*` and `nodejs_*` figures. Default true. */
    readonly process?: boolean;
  };
  /** Milliseconds after which a check that is still unhealthy is told again. Default 30,000. */
  readonly failureEveryMs?: number;
  /** Pipelines whose figures are shown and whose breakers can be moved. Default: the app's own. */
  readonly policies?: Registry;
  /** The daemon's socket. Default: HOMEOSTAT_SOCKET, which a daemon sets for what it starts. */
  readonly daemon?: { readonly socket: string; readonly instance?: string } | false;
}

/** What the environment says where the options are silent. */
export interface AppEnvironment {
  readonly url: string | undefined;
  readonly chaos: boolean;
  readonly level: Level | undefined;
  readonly syslog: string | undefined;
  readonly socket: string | undefined;
  readonly instance: string | undefined;
  /** Milliseconds from SIGTERM to SIGKILL, as far as a daemon says. */
  readonly stopMs: number | undefined;
}

const levels: readonly Level[] = ["debug", "info", "warn", "error"];

/** @throws OPTION_INVALID for a LOG_LEVEL that is none. */
export function appEnvironment(): AppEnvironment {
  const told = variable("LOG_LEVEL")?.toLowerCase();
  const level = levels.find((each) => each === told);
  if (told !== undefined && level === undefined) {
    throw wrong(`LOG_LEVEL: expected ${levels.join(", ")}, got ${JSON.stringify(told)}`);
  }
  return {
    url: variable("APP_URL"),
    chaos: ["true", "1"].includes(variable("ENABLE_CHAOS")?.toLowerCase() ?? ""),
    level,
    syslog: variable("SYSLOG_ADDRESS"),
    socket: variable(linkEnvironment.socket),
    instance: variable(linkEnvironment.instance),
    stopMs: positive(variable(linkEnvironment.stopMs)),
  };
}

function wrong(message: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", message);
}

/** What a daemon of another version may say otherwise is passed over. */
function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : undefined;
}

/** The moments of a shutdown within the time that whoever stops the app gives it. */
export function shutdownWithin(stopMs: number | undefined): NonNullable<AppOptions["shutdown"]> {
  if (stopMs === undefined) return {};
  return {
    debugAfterMs: Math.max(1, Math.floor(stopMs * 0.6)),
    forceAfterMs: Math.max(1, Math.floor(stopMs * 0.75)),
    hardAfterMs: Math.max(2, Math.floor(stopMs * 0.85)),
  };
}
