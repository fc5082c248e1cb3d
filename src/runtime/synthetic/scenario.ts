// What a scenario is given, and the settings it is registered with.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { above, checkOptions, finiteAbove, oneOf } from "../../policies/options.ts";
import type { Client } from "./client.ts";
import type { Inputs } from "./inputs.ts";

/** Also the client itself: `await shop.get("/")`. */
export interface ScenarioContext extends Client {
  readonly name: string;
  /** Aborts when the scenario's time is over or the app stops; its requests end with it. */
  readonly signal: AbortSignal;
  readonly inputs: Inputs;
  /** The W3C trace id that every request of this run carries. */
  readonly traceId: string;
  readonly log: Log;
  /** What the scenario is about to do; a failure names it. */
  step(what: string): void;
  sleep(ms: number): Promise<void>;
  /**
   * Runs when the scenario has ended, however it ended, the last one given first. Use the client that
   * `work` is given: it has the same cookies and its own time, also when the scenario's time is over.
   */
  cleanup(work: (client: Client) => unknown): void;
}

export type Scenario = (context: ScenarioContext) => unknown;

export interface ScenarioOptions {
  /** From the start of a run to the start of the next; default 300,000. */
  readonly everyMs?: number;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** For all steps of the cleanup together; default 10,000. */
  readonly cleanupMs?: number;
  /** Another one than the options of `createSynthetic` name. */
  readonly baseUrl?: string;
  /** The severity of the event that tells of a failure; default "warning". */
  readonly severity?: "info" | "warning" | "critical";
}

export type Settings = Required<ScenarioOptions>;

/** @throws OPTION_INVALID */
export function settle(name: string, given: ScenarioOptions, baseUrl: string): Settings {
  if (!/^[\w.:/-]{1,100}$/.test(name)) {
    const shape = "1 to 100 letters, digits and _ . : / -";
    throw new HomeostatError("OPTION_INVALID", `the name of a scenario is ${shape}, got "${name}"`);
  }
  checkOptions<ScenarioOptions>(`scenario "${name}"`, given, {
    everyMs: finiteAbove(0),
    timeoutMs: finiteAbove(0),
    cleanupMs: above(0),
    baseUrl: isBaseUrl,
    severity: oneOf("info", "warning", "critical"),
  });
  const { everyMs = 300_000, timeoutMs = 30_000, cleanupMs = 10_000, severity = "warning" } = given;
  return { everyMs, timeoutMs, cleanupMs, severity, baseUrl: given.baseUrl ?? baseUrl };
}

export function isBaseUrl(value: unknown): string | undefined {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  const fits = url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  return fits ? undefined : "an http or https URL without user and password";
}
