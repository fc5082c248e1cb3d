// What an app offers: its parts by name, and what is said so often that it has a word of its own.
import type { Fields } from "../../kernel/log.ts";
import type { Registry } from "../../policies/registry.ts";
import type { Chaos } from "../chaos/chaos.ts";
import type { Checkpoints } from "../checkpoint/checkpoint.ts";
import type { TypedBus } from "../events/bus.ts";
import type { MetricWatch, MetricWatchOptions } from "../events/metric-options.ts";
import type {
  Recover,
  Recovery,
  RegisterOptions as RecoveryOptions,
} from "../events/recovery-options.ts";
import type { Recipe } from "../events/step.ts";
import type { Features } from "../features/feature-options.ts";
import type { Endpoints } from "../health/endpoints.ts";
import type { Health } from "../health/health.ts";
import type { Served, ServeOptions } from "../health/serve.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { LinkState } from "../link/redial.ts";
import type { AppLog } from "../log/log.ts";
import type { AppMetrics } from "../metrics/metrics.ts";
import type { Bus } from "../parts/bus.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { Scope } from "../scope/scope.ts";
import type { Synthetic } from "../synthetic/synthetic.ts";
import type { Tuning } from "../tuning/tuning.ts";
import type { Watched } from "../watchdog/entry.ts";
import type { Watchdog } from "../watchdog/watchdog.ts";
import type { DrainedServer, ServerOptions } from "./server.ts";
import type { Setup } from "./start.ts";

/** What a watched metric is told; the app adds the bus, the clock and where it is remembered. */
export type AppMetricOptions = Omit<
  MetricWatchOptions,
  "bus" | "clock" | "random" | "log" | "kept" | "stopping"
>;

/** An app that looks after itself. Each part is what its own factory makes and can be used alone. */
export interface App<Events extends object = Record<never, never>>
  extends Stopping,
    AsyncDisposable {
  readonly name: string;
  readonly log: AppLog;
  readonly metrics: AppMetrics;
  readonly health: Health;
  readonly features: Features;
  readonly watchdog: Watchdog;
  /** Runs work that owns what it opens and whose errors are judged. */
  readonly scope: Scope;
  readonly events: TypedBus<Events>;
  readonly recovery: Recovery;
  /** @throws OPTION_INVALID when neither `url` nor APP_URL says where the app answers. */
  readonly synthetic: Synthetic;
  readonly chaos: Chaos;
  /** State that outlives the process. @throws OPTION_INVALID without `checkpoints: { folder }`. */
  readonly checkpoints: Checkpoints;
  /** Settings that find their best value by themselves. */
  readonly tuning: Tuning;
  readonly policies: Registry;
  /** `/health`, `/live`, `/ready`, `/startup` and `/metrics` for any web framework. */
  readonly endpoints: Endpoints;
  readonly life: Lifecycle;
  /** How it stands with the daemon: "off" where there is none. */
  readonly daemon: LinkState;

  /**
   * What a part that is no part of the app is given: `createLeader({ ...app.around("leader"), lease,
   * name })`. Its lines in the log carry the name.
   */
  around(part: string): Surroundings & {
    readonly stopping: Stopping;
    readonly bus: Bus;
    readonly metrics: AppMetrics;
  };

  /**
   * Work of the start, run by `start` in the order given here; its failure is that of the start.
   * @throws OPTION_INVALID once the app has started: what initialises belongs in the start-up path.
   */
  setup(name: string, work: Setup, limitMs?: number): void;
  /** Something the daemon and its people may ask for by name, such as `flush-cache`. */
  command(name: string, work: (signal: AbortSignal) => unknown): Disposable;
  /** Watches a server; when the app stops it takes no new connections, and its requests end first. */
  server(name: string, server: DrainedServer, options?: ServerOptions): Watched;
  /** The endpoints on a port of their own, until the app has stopped. */
  listen(options: ServeOptions): Promise<Served>;
  watchMetric(options: AppMetricOptions): MetricWatch;
  /** Watches a metric and recovers when it is bad; the metric itself proves whether that helped. */
  healMetric(
    options: AppMetricOptions,
    recipe: Recipe | Recover,
    more?: RecoveryOptions,
  ): MetricWatch;
  /** Tells the reporters of an error, once; false when this very error was told before. */
  capture(error: unknown, source?: string, context?: Fields): boolean;

  /**
   * Runs the setups and starts every part, each told in the log.
   * @throws what a setup threw, or OPTION_INVALID with all that does not fit together.
   */
  start(): Promise<void>;
  /**
   * Starts, runs `main`, and keeps the process alive until a signal or `stop` ends the app. An error
   * of either is what the app dies of. Resolves with the exit code, with which the process ends as well
   * unless `install` is false.
   */
  run(main?: (app: App<Events>) => unknown): Promise<number>;
  /** Stops in order, and resolves with the exit code. */
  stop(why?: string): Promise<number>;
}
