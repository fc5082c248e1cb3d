// The face of the library inside an app: the facade, and each of its parts to be used alone.

export type { Clock } from "../kernel/clock.ts";
export { HomeostatError } from "../kernel/errors.ts";
export type { Fields, Level, Log } from "../kernel/log.ts";
export type { Random } from "../kernel/random.ts";
export {
  type App,
  type AppLogOptions,
  type AppMetricOptions,
  type AppOptions,
  createApp,
} from "./app/app.ts";
export { type CheckTold, failureOf } from "./app/monitor.ts";
export type { DrainedServer, ServerOptions } from "./app/server.ts";
export type { Setup } from "./app/start.ts";
export { type CaptureOptions, type Captures, createCapture } from "./capture/capture.ts";
export {
  type Chaos,
  type ChaosOptions,
  createChaos,
  type FaultOptions,
  type Target as ChaosTarget,
  type TargetStatus as ChaosTargetStatus,
} from "./chaos/chaos.ts";
export { errors, latency } from "./chaos/targets/faults.ts";
export { type FirewallOptions, firewallBlock } from "./chaos/targets/firewall.ts";
export {
  type KilledOptions,
  killedProcess,
  type PausedOptions,
  pausedProcess,
} from "./chaos/targets/process.ts";
export { type FlushedRedisOptions, flushedRedis } from "./chaos/targets/redis.ts";
export { changedSetting, type SettingOptions } from "./chaos/targets/setting.ts";
export {
  type Checkpoint,
  type Checkpoints,
  type CheckpointsOptions,
  createCheckpoints,
  type Stateful,
} from "./checkpoint/checkpoint.ts";
export { type BusOptions, createBus, type TypedBus } from "./events/bus.ts";
export { type AppCloudEvent, toCloudEvent } from "./events/cloud-event.ts";
export {
  type FakeApi,
  type FakeCache,
  type FakeDatabase,
  fakeApi,
  fakeCache,
  fakeDatabase,
} from "./events/fakes.ts";
export { above, below, type Judge, unusual } from "./events/judge-metric.ts";
export type { MetricTold, MetricWatch, MetricWatchOptions } from "./events/metric-options.ts";
export {
  type CommandOptions,
  command,
  commandSucceeds,
  hostAnswers,
  portAnswers,
  restartThisProcess,
} from "./events/ready-steps.ts";
export {
  type ApiRecipeOptions,
  apiRecipe,
  type CacheRecipeOptions,
  cacheRecipe,
  type DatabaseRecipeOptions,
  databaseRecipe,
  type Hand,
} from "./events/recipes.ts";
export { createRecovery } from "./events/recovery.ts";
export {
  type ActiveRun,
  failures,
  type Recover,
  type Recovering,
  type Recovery,
  type RecoveryOptions,
  type RecoveryTold,
  type RegisterOptions as RecoverOptions,
  type StepTold,
  type Verify,
} from "./events/recovery-options.ts";
export { type RedisPlace, redisAnswers, redisFlush, redisPut } from "./events/redis.ts";
export { createStateFile, type Kept, type StateFile } from "./events/state-file.ts";
export {
  type Ask,
  attempt,
  either,
  ensure,
  firstOf,
  type Recipe,
  type Step,
  type StepContext,
  type StepTaken,
  sequence,
  step,
  waitUntil,
} from "./events/step.ts";
export { healMetric, watchMetric } from "./events/watch-metric.ts";
export type {
  BreakerView,
  Feature,
  FeatureOptions,
  FeatureState,
  Features,
  FeaturesOptions,
  Flag,
  Lasting,
  OverrideOptions,
} from "./features/feature-options.ts";
export { createFeatures } from "./features/features.ts";
export { isFeatureUnavailable } from "./features/unavailable.ts";
export { type DiskCheckOptions, diskCheck } from "./health/checks/disk.ts";
export { type EventLoopCheckOptions, eventLoopCheck } from "./health/checks/event-loop.ts";
export { type HeapCheckOptions, heapCheck } from "./health/checks/heap.ts";
export { type HttpCheckOptions, httpCheck } from "./health/checks/http.ts";
export { type PostgresCheckOptions, postgresCheck } from "./health/checks/postgres.ts";
export { type RabbitmqCheckOptions, rabbitmqCheck } from "./health/checks/rabbitmq.ts";
export { type RedisCheckOptions, redisCheck } from "./health/checks/redis.ts";
export { tcpCheck } from "./health/checks/tcp.ts";
export {
  type Answer,
  createEndpoints,
  type Details,
  type EndpointOptions,
  type Endpoints,
  type ExpressLike,
  type FastifyLike,
  type HonoLike,
  type MetricsText,
} from "./health/endpoints.ts";
export {
  type CheckState,
  createHealth,
  type Health,
  type HealthChange,
  type HealthOptions,
  type Kind as CheckKind,
  type RegisterOptions as CheckOptions,
  type Summary,
  type SummaryKind,
} from "./health/health.ts";
export { type Served, type ServeOptions, serveEndpoints } from "./health/serve.ts";
export { type FileLeaseOptions, fileLease } from "./leader/file-lease.ts";
export { createLeader } from "./leader/leader.ts";
export type { Leader, LeaderOptions, LeaderState, LeaderTold } from "./leader/leader-options.ts";
export type { Acquired, Lease } from "./leader/lease.ts";
export { memoryLease } from "./leader/memory-lease.ts";
export { leaseTable, type PostgresQuery, postgresLease } from "./leader/postgres-lease.ts";
export { type RedisSend, redisLease } from "./leader/redis-lease.ts";
export { type Backups, type BackupsOptions, backups } from "./leader/state-copy.ts";
export type { InstallOptions } from "./lifecycle/ends.ts";
export { createLifecycle, type Lifecycle, type LifecycleOptions } from "./lifecycle/lifecycle.ts";
export { type ListenFd, listenFds } from "./lifecycle/listen-fds.ts";
export type { Kind as OpenKind } from "./lifecycle/open/kinds.ts";
export type { Open } from "./lifecycle/open/tracker.ts";
export type { LinkState } from "./link/redial.ts";
export {
  type OtelLogger,
  otelSink,
  type PinoLogger,
  pinoSink,
  type WinstonLogger,
  winstonSink,
} from "./log/adapters.ts";
export { type ConsoleSinkOptions, consoleSink } from "./log/console.ts";
export { type FileSink, type FileSinkOptions, fileSink } from "./log/file.ts";
export { type AppLog, createLog, type LogOptions } from "./log/log.ts";
export { currentName, withName } from "./log/name.ts";
export type { Line, Sink } from "./log/sink.ts";
export { type SyslogSinkOptions, syslogSink } from "./log/syslog.ts";
export { type UsualSinksOptions, usualSinks } from "./log/usual-sinks.ts";
export { exponentialBuckets } from "./metrics/buckets.ts";
export type { Family as MetricFamily, MetricsSource } from "./metrics/family.ts";
export { type AppMetrics, createMetrics, type MetricsOptions } from "./metrics/metrics.ts";
export { type ProcessMetricsOptions, processMetrics } from "./metrics/process-metrics.ts";
export { type PromClientRegistry, promClient } from "./metrics/prom-client.ts";
export { textSource } from "./metrics/text-source.ts";
export type { AppEvent, Bus, Listener, Severity, Told } from "./parts/bus.ts";
export type { Capture, Report, Reporter } from "./parts/capture.ts";
export { type Ran, type RunCommandOptions, runCommand } from "./parts/command.ts";
export { fatalDependency } from "./parts/dependency.ts";
export type {
  Check,
  CheckAnswer,
  CheckContext,
  Checked,
  HealthView,
  Status,
} from "./parts/health.ts";
export { isInterrupt } from "./parts/interrupt.ts";
export { createMask, type Mask } from "./parts/mask.ts";
export type { Counter, Gauge, Histogram, Labels, MetricOptions, Metrics } from "./parts/metrics.ts";
export type { Stage, Stopping } from "./parts/stopping.ts";
export type { Surroundings } from "./parts/surroundings.ts";
export { type PreflightOptions, preflight } from "./preflight/preflight.ts";
export { attach, type MessageSocket } from "./scope/attach.ts";
export type { Classify, ErrorClass } from "./scope/judge.ts";
export type { Closable } from "./scope/owned.ts";
export { createScope, type Scope, type ScopeContext, type ScopeOptions } from "./scope/scope.ts";
export { type SingleInstance, type SingleOptions, singleInstance } from "./single/single.ts";
export {
  type Client as ScenarioClient,
  createSynthetic,
  type Inputs,
  markerHeader,
  type Outcome as ScenarioOutcome,
  type Page,
  type Scenario,
  type ScenarioContext,
  type ScenarioOptions,
  type ScenarioStatus,
  type Synthetic,
  type SyntheticOptions,
} from "./synthetic/synthetic.ts";
export {
  createTuning,
  type Setting,
  type SettingStatus,
  type Tuning,
  type TuningOptions,
} from "./tuning/tuning.ts";
export type { Entry as WatchedEntry, Loss, Watched, WatchedLoop } from "./watchdog/entry.ts";
export type { LoopOptions } from "./watchdog/loop-beat.ts";
export { type Outer, type OuterOptions, startOuter } from "./watchdog/outer.ts";
export type { Policy, RestartOptions, WatchOptions } from "./watchdog/policy.ts";
export type { Care } from "./watchdog/register.ts";
export type { Roll, RollReporter } from "./watchdog/reporter.ts";
export {
  createWatchdog,
  type LostOn,
  type Watchdog,
  type WatchdogOptions,
} from "./watchdog/watchdog.ts";
