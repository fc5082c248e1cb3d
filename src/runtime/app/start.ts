// The start of an app: its setups one after another, then every part, each told in the log.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { processMetrics } from "../metrics/process-metrics.ts";
import { within } from "../parts/within.ts";
import { startMonitor } from "./monitor.ts";
import type { AppOptions } from "./options.ts";
import type { Parts } from "./parts.ts";

/** Work of the start; its signal aborts when its time is over or the app stops. */
export type Setup = (signal: AbortSignal) => unknown;

export interface SetupEntry {
  readonly name: string;
  readonly work: Setup;
  readonly limitMs: number;
}

/** @throws what a setup threw, TIMED_OUT, OPTION_INVALID, or CANCELLED when the app stops meanwhile. */
export async function startParts(
  parts: Parts,
  options: AppOptions,
  setups: readonly SetupEntry[],
  starting: Disposable,
): Promise<void> {
  const { log, life, clock } = parts;
  const begunAt = clock.now();
  if (parts.notice !== undefined) log.info(parts.notice);
  showHealth(parts);
  if (options.metrics?.process !== false) {
    const figures = processMetrics(parts.metrics, { clock, log: log.named("metrics") });
    life.onStop("process figures", "reporters", () => figures[Symbol.dispose]());
  }
  for (const setup of setups) await runSetup(parts, setup);
  // After the setups: one that fails is no death for what is restored.
  await parts.checkpoints.made?.start();
  life.signal.throwIfAborted();
  const problems = [...parts.features.problems(), ...parts.recovery.problems()];
  if (problems.length > 0) {
    throw new HomeostatError("OPTION_INVALID", problems.join("; "), { details: problems });
  }
  await startAll(parts, options);
  starting[Symbol.dispose]();
  log.info("started", { tookMs: Math.round(clock.now() - begunAt), setups: setups.length });
  log.started();
}

async function runSetup(parts: Parts, { name, work, limitMs }: SetupEntry): Promise<void> {
  const { log, life, clock } = parts;
  const begunAt = clock.now();
  try {
    life.signal.throwIfAborted();
    const times = { clock, ms: limitMs, parent: life.signal };
    await within(times, work, () => overtime(parts, name, limitMs));
    log.info(`setup: ${name}`, { tookMs: Math.round(clock.now() - begunAt) });
  } catch (error) {
    // While the app stops, an error is what the end looks like from within.
    log[life.stopping ? "debug" : "warn"](`setup ${name} failed: ${messageOf(error)}`);
    throw error;
  }
}

function overtime({ life }: Parts, name: string, limitMs: number): unknown {
  if (life.stopping) return life.signal.reason;
  return new HomeostatError("TIMED_OUT", `setup ${name} has not ended after ${limitMs} ms`);
}

async function startAll(parts: Parts, { failureEveryMs = 30_000 }: AppOptions): Promise<void> {
  const { log, life, health, features, chaos, watchdog, recovery, clock, bus } = parts;
  health.start();
  log.info(`health: ${counted(health.list().length, "check")}`);
  features.start();
  log.info(`features: ${counted(features.list().length, "feature")}`);
  startMonitor({ health, bus, clock, everyMs: failureEveryMs, signal: life.signal });
  log.info("recovery: listening", { waiting: recovery.list().length });
  const { made: synthetic } = parts.synthetic;
  synthetic?.start();
  const scenarios = synthetic?.status().length ?? 0;
  log.info(`synthetic: ${counted(scenarios, "scenario")}`);
  await chaos.start();
  parts.tuning.made?.start();
  // Last, when all that it watches is there.
  parts.outer?.start();
  log.info(`watchdog: ${counted(watchdog.list().length, "thing")} watched`, {
    fromOutside: parts.outer !== undefined,
  });
}

/** Checks and features as gauges, read when somebody asks. */
function showHealth({ metrics, health, features, life }: Parts): void {
  const check = metrics.gauge("app_check_ok", { help: "1 healthy, 0.5 degraded, 0 else" });
  const feature = metrics.gauge("app_feature_available", { help: "1 available, 0 else" });
  const ready = metrics.gauge("app_ready", { help: "1 while the app wants traffic" });
  metrics.beforeText(function healthFigures() {
    for (const { name, status } of health.list()) {
      check.with({ check: name }).set(status === "healthy" ? 1 : status === "degraded" ? 0.5 : 0);
    }
    for (const { name, available } of features.list()) {
      feature.with({ feature: name }).set(available ? 1 : 0);
    }
    ready.set(health.summary("ready").ok ? 1 : 0);
  });
  // There at 0 from the start: that it is absent means something else.
  const fatal = metrics.counter("app_fatal", { help: "Times the app decided to die" });
  life.signal.addEventListener("abort", () => life.cause !== undefined && fatal.add(), {
    once: true,
  });
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
