// Makes the parts of an app and joins them to each other; nothing runs yet when this returns.
import { builtin } from "../../kernel/builtin.ts";
import { systemClock } from "../../kernel/clock.ts";
import { systemRandom } from "../../kernel/random.ts";
import { metricsText } from "../../policies/exposition.ts";
import { type Registry, registry } from "../../policies/registry.ts";
import { formatFor } from "../../protocol/metric-text.ts";
import { type Captures, createCapture } from "../capture/capture.ts";
import { type Chaos, createChaos } from "../chaos/chaos.ts";
import { createBus, type TypedBus } from "../events/bus.ts";
import { createRecovery } from "../events/recovery.ts";
import type { Recovery } from "../events/recovery-options.ts";
import { createStateFile, type StateFile } from "../events/state-file.ts";
import type { Features } from "../features/feature-options.ts";
import { createFeatures } from "../features/features.ts";
import { createEndpoints, type Endpoints } from "../health/endpoints.ts";
import { createHealth, type Health } from "../health/health.ts";
import { createLifecycle, type Lifecycle } from "../lifecycle/lifecycle.ts";
import { type AppLog, createLog } from "../log/log.ts";
import { withName } from "../log/name.ts";
import { usualSinks } from "../log/usual-sinks.ts";
import { type AppMetrics, createMetrics } from "../metrics/metrics.ts";
import { textSource } from "../metrics/text-source.ts";
import type { Bus } from "../parts/bus.ts";
import type { Capture } from "../parts/capture.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import { createScope, type Scope } from "../scope/scope.ts";
import { type Outer, startOuter } from "../watchdog/outer.ts";
import { createWatchdog, type Watchdog } from "../watchdog/watchdog.ts";
import { type Extras, makeExtras } from "./extras.ts";
import {
  type AppEnvironment,
  type AppLogOptions,
  type AppOptions,
  shutdownWithin,
} from "./options.ts";

export interface Parts extends Extras {
  readonly log: AppLog;
  readonly metrics: AppMetrics;
  readonly life: Lifecycle;
  readonly captures: Captures;
  readonly events: TypedBus<Record<never, never>>;
  readonly bus: Bus;
  readonly health: Health;
  readonly features: Features;
  readonly recovery: Recovery;
  readonly chaos: Chaos;
  readonly scope: Scope;
  readonly watchdog: Watchdog;
  readonly outer: LateOuter | undefined;
  readonly endpoints: Endpoints;
  readonly policies: Registry;
  readonly state: StateFile | undefined;
  readonly env: AppEnvironment;
  readonly clock: Surroundings["clock"];
  readonly random: Surroundings["random"];
  /** To be logged at the start: where the lines go when that may surprise. */
  readonly notice: string | undefined;
}

/** The watch from outside, which begins when the app has started: a start may take its time. */
export interface LateOuter extends Outer {
  start(): void;
}

export function makeParts(name: string, options: AppOptions, env: AppEnvironment): Parts {
  const { clock = systemClock, random = systemRandom } = options;
  const metrics = createMetrics({ ...options.metrics, clock, random });
  // Log, lifecycle and capture need one another; none is asked before all are there.
  const capture: Capture = (...told) => captures.capture(...told);
  const { log, notice } = makeLog(name, options.log, env, { metrics, capture, clock });
  const around = (part: string): Surroundings => ({ clock, random, log: log.named(part) });
  const life = createLifecycle({
    ...(options.shutdown?.debugAfterMs === undefined && shutdownWithin(env.stopMs)),
    ...options.shutdown,
    ...around("life"),
    capture,
    levels: log,
  });
  const { reporters = [] } = options;
  const captures = createCapture({
    ...options.capture,
    ...around("capture"),
    reporters,
    stopping: life,
  });
  const events = createBus(around("events"));
  // The bus knows types that its callers name; the parts tell it any.
  const bus = events as unknown as Bus;
  const health = createHealth({ ...options.health, ...around("health"), stopping: life });
  const policies = options.policies ?? registry();
  metrics.include(textSource("policies", () => metricsText(policies.list())));
  const state = options.stateFile
    ? createStateFile(options.stateFile, { log: log.named("state") })
    : undefined;
  const outer = makeOuter(name, options, { log, life, clock, bus });
  const parts = {
    ...{ log, notice, metrics, life, captures, events, bus, health, policies, state, outer },
    ...{ env, clock, random },
    features: createFeatures({
      ...options.features,
      ...around("features"),
      health,
      bus,
      ...(options.flags && { flags: options.flags }),
    }),
    recovery: createRecovery({
      ...options.recovery,
      ...around("recovery"),
      bus,
      health,
      stopping: life,
      ...(state && { kept: state.section("recovery") }),
    }),
    chaos: createChaos({ armed: env.chaos, ...options.chaos, ...around("chaos"), bus }),
    scope: createScope({ ...around("scope"), stopping: life, capture }),
    watchdog: createWatchdog({
      ...withoutOuter(options.watchdog),
      ...around("watchdog"),
      ...{ stopping: life, bus, metrics, outer: outer ?? false, named: withName },
    }),
    endpoints: makeEndpoints(options, { health, metrics, log }),
  };
  return { ...parts, ...makeExtras(options, around, parts) };
}

function makeEndpoints(
  { endpoints }: AppOptions,
  { health, metrics, log }: Pick<Parts, "health" | "metrics" | "log">,
): Endpoints {
  return createEndpoints({
    ...endpoints,
    health,
    log: log.named("endpoints"),
    metrics: async (accept) => {
      const format = formatFor(accept);
      return { contentType: metrics.contentType(format), text: await metrics.text(format) };
    },
  });
}

/** Clients of brokers tell each lost connection as an error of their own; the link has told it. */
const clientNoise = ["amqp.client"];

function makeLog(
  app: string,
  given: AppLogOptions = {},
  env: AppEnvironment,
  more: Pick<Parts, "metrics" | "clock"> & { readonly capture: Capture },
): Pick<Parts, "log" | "notice"> {
  const { syslog = env.syslog, file, terminal, sinks: own, ...rest } = given;
  const options = { ...rest, noisy: [...clientNoise, ...(rest.noisy ?? [])] };
  const { level = env.level ?? "info", starting = true } = options;
  const { sinks, notice } = own
    ? { sinks: own, notice: undefined }
    : usualSinks({
        ...(syslog !== undefined && { syslog }),
        ...(file !== undefined && { file }),
        ...(terminal !== undefined && { terminal }),
      });
  return { log: createLog({ ...options, ...more, app, sinks, level, starting }), notice };
}

/** None with a clock of tests: it would take a clock that is not moved for a thread that blocks. */
function makeOuter(
  app: string,
  { watchdog = {}, clock = systemClock }: AppOptions,
  { log, life, bus }: Pick<Parts, "log" | "life" | "clock" | "bus">,
): LateOuter | undefined {
  const { outer: given = {} } = watchdog;
  // It watches the main thread of the process: an app in another one is watched by who made that.
  const { isMainThread } = builtin("node:worker_threads");
  if (given === false || clock !== systemClock || !isMainThread) return undefined;
  const { blockedMs = 5_000 } = given;
  let outer: Outer | undefined;
  return {
    beatMs: Math.min(1_000, blockedMs / 4),
    beat: () => outer?.beat(),
    start: () => {
      outer ??= startOuter({
        json: process.stderr.isTTY !== true,
        onBlocked: (data) =>
          void bus.publish({
            type: "watchdog.blocked",
            source: "watchdog",
            severity: "critical",
            data,
          }),
        ...given,
        app,
        log: log.named("watchdog"),
        onThread: life.ignore,
      });
    },
    [Symbol.dispose]: () => outer?.[Symbol.dispose](),
  };
}

function withoutOuter({ outer, ...rest }: NonNullable<AppOptions["watchdog"]> = {}): typeof rest {
  return rest;
}
