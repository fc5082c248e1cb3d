// The facade: one app that joins all parts, starts them in order and ends them in order.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Fields } from "../../kernel/log.ts";
import { version } from "../../kernel/version.ts";
import type { TypedBus } from "../events/bus.ts";
import type { MetricWatchOptions } from "../events/metric-options.ts";
import type {
  Recover,
  RegisterOptions as RecoveryRegistration,
} from "../events/recovery-options.ts";
import type { Recipe } from "../events/step.ts";
import { healMetric, watchMetric } from "../events/watch-metric.ts";
import { type ServeOptions, serveEndpoints } from "../health/serve.ts";
import { createLink, type Link } from "../link/link.ts";
import { checkApp } from "./check.ts";
import { type Commands, createCommands } from "./commands.ts";
import type { App, AppMetricOptions } from "./face.ts";
import { installIn } from "./install.ts";
import { type AppOptions, appEnvironment } from "./options.ts";
import { ordersOf } from "./orders.ts";
import { makeParts, type Parts } from "./parts.ts";
import { reporting } from "./report.ts";
import { type DrainedServer, drainOnStop, type ServerOptions } from "./server.ts";
import { type SetupEntry, startParts } from "./start.ts";

export type { App, AppMetricOptions } from "./face.ts";
export type { AppLogOptions, AppOptions } from "./options.ts";

const setupLimitMs = 60_000;
const drainMsDefault = 10_000;
/** Ten targets that each take their whole time. */
const chaosStopMs = 110_000;
/** So long that it outlives any app: the wait of `run` is what keeps the process alive. */
const foreverMs = 2_147_483_647;

/**
 * Makes an app. From here on it answers the process's signals and last errors (see `install`); its
 * parts begin to work with `start` or `run`.
 *
 * ```ts
 * const app = createApp("shop");
 * app.health.register("database", () => pool.query("select 1"));
 * await app.run(() => { app.server("web", createServer(handle).listen(8080)); });
 * ```
 * @throws OPTION_INVALID for a name or an option that cannot be.
 */
export function createApp<Events extends object = Record<never, never>>(
  name: string,
  options: AppOptions = {},
): App<Events> {
  checkApp(name, options);
  const parts = makeParts(name, options, appEnvironment());
  const { life, log, clock } = parts;
  const installed = installIn(name, parts, options);
  const ended = endOf(parts);
  const commands = createCommands();
  const link = linkTo(name, parts, options, commands);
  const { setup, start, hasStarted } = starting(parts, options, link);

  const app: App<Events> = Object.freeze({
    ...{ name, setup, start, command: commands.add },
    ...named(parts),
    ...doors(parts),
    // What the types say of the events is all that differs.
    events: parts.events as unknown as TypedBus<Events>,
    get synthetic() {
      const synthetic = parts.synthetic.get();
      // First asked for when the app runs: then it runs as well.
      if (hasStarted()) synthetic.start();
      return synthetic;
    },
    get checkpoints() {
      const checkpoints = parts.checkpoints.get();
      if (hasStarted()) checkpoints.start().catch(life.die);
      return checkpoints;
    },
    get tuning() {
      const tuning = parts.tuning.get();
      if (hasStarted()) tuning.start();
      return tuning;
    },
    get stopping() {
      return life.stopping;
    },
    get daemon() {
      return link?.state ?? "off";
    },
    run: async (main?: (app: App<Events>) => unknown) => {
      // Nothing else of an app keeps its process alive.
      clock.sleep(foreverMs, life.signal).catch(() => {});
      await parts.scope({ name: "main", shutdownOnError: true, andRaise: false }, async () => {
        await start();
        life.signal.throwIfAborted();
        await main?.(app);
      });
      return ended;
    },
    stop: (why = "asked to") => {
      life.stop(why);
      return ended;
    },
    [Symbol.asyncDispose]: async () => {
      life.stop("disposed of");
      await ended;
      parts.watchdog[Symbol.dispose]();
      installed?.[Symbol.dispose]();
      await log.close();
    },
  });
  log.debug("made", { pid: process.pid, node: process.version });
  return app;
}

/** The parts under their names, and what an app says so often that it has a word of its own. */
function named(parts: Parts) {
  const { log, metrics, health, features, watchdog, scope, recovery, chaos } = parts;
  const { policies, endpoints, life, captures } = parts;
  return {
    ...{ log, metrics, health, features, watchdog, scope, recovery, chaos },
    ...{ policies, endpoints, life },
    signal: life.signal,
    sleep: life.sleep,
    die: life.die,
    onStop: life.onStop,
    around: (part: string) => ({
      ...{ clock: parts.clock, random: parts.random, log: log.named(part) },
      ...{ stopping: life, bus: parts.bus, metrics },
    }),
    capture: (error: unknown, source = "app", context: Fields = {}) =>
      captures.capture(error, source, context),
  };
}

/** What joins an app to its process and its metrics. */
function doors(parts: Parts) {
  const { life, clock, watchdog, endpoints, state, env } = parts;
  const watch = (given: AppMetricOptions): MetricWatchOptions => ({
    ...given,
    ...{ clock, bus: parts.bus, random: parts.random, stopping: life },
    log: parts.log.named("metric"),
    ...(state && { kept: state.section(`metric ${given.name}`) }),
  });
  return {
    server: (name: string, server: DrainedServer, options: ServerOptions = {}) => {
      const { care, drainMs = Math.min(drainMsDefault, (env.stopMs ?? Infinity) / 2) } = options;
      const watched = watchdog.server(name, server, care);
      drainOnStop(name, server, drainMs, { stopping: life, clock });
      return watched;
    },
    listen: async (options: ServeOptions) => {
      const served = await serveEndpoints(endpoints, options);
      life.onStop("endpoints", "reporters", () => served.close());
      return served;
    },
    watchMetric: (given: AppMetricOptions) => watchMetric(watch(given)),
    healMetric: (given: AppMetricOptions, recipe: Recipe | Recover, more?: RecoveryRegistration) =>
      healMetric(watch(given), parts.recovery, recipe, more),
  };
}

/** The setups and the one start. */
function starting(
  parts: Parts,
  options: AppOptions,
  link: Link | undefined,
): Pick<App, "setup" | "start"> & { readonly hasStarted: () => boolean } {
  const setups: SetupEntry[] = [];
  let begun: Promise<void> | undefined;
  // Not before the setups are over, whatever is registered: until then nothing can be promised.
  const unready = parts.health.unready("it has not started yet", { starting: true });
  let started = false;
  return {
    hasStarted: () => started,
    setup: (name, work, limitMs = setupLimitMs) => {
      if (begun) {
        throw new HomeostatError("OPTION_INVALID", `setup ${name}: the app has started already`);
      }
      if (!(limitMs > 0) || typeof work !== "function") {
        const expected = "a function, and a limitMs above 0";
        throw new HomeostatError("OPTION_INVALID", `setup ${name}: expected ${expected}`);
      }
      setups.push({ name, work, limitMs });
    },
    start: () => {
      if (!begun) {
        // First: a daemon sees how the start goes.
        link?.start();
        begun = startParts(parts, options, setups, unready).then(() => {
          started = true;
        });
      }
      return begun;
    },
  };
}

/** The daemon that has started this process, or the one the options name. */
function linkTo(
  app: string,
  parts: Parts,
  { daemon }: AppOptions,
  commands: Commands,
): Link | undefined {
  if (daemon === false) return undefined;
  const { env, clock, random, bus, log, life } = parts;
  const { socket = env.socket, instance = env.instance } = daemon ?? {};
  if (socket === undefined) return undefined;
  const link = createLink({
    ...{ socket, app, version, clock, random, log: log.named("daemon"), stopping: life },
    ...(instance !== undefined && { instance }),
    report: reporting(parts, commands),
    orders: ordersOf(parts, commands),
  });
  bus.subscribe("**", link.tell);
  return link;
}

/** What ends with the app besides the parts that see to it themselves; the log has left by then. */
function endOf({ life, chaos, log, synthetic }: Parts): Promise<number> {
  life.onStop("synthetic", "workers", () => synthetic.made?.stop(), 6_000);
  // One target after another, each with its own limit.
  life.onStop("chaos", "chaos", () => chaos.stop(), chaosStopMs);
  return life.done.then(async (code) => {
    await log.flush();
    return code;
  });
}
