// What every app of a house begins with: all of it works alone, each integration is off until its variable is set.

import { heartbeatPing, sentryReporter } from "homeostat/integrations";
import { type App, createApp, portAnswers, preflight } from "homeostat/runtime";

/** Where an app differs: each is called at its place, and none is needed. */
export interface Overrides {
  /** Registers checks, features, recoveries, scenarios; nothing is started yet. */
  readonly setup?: (app: App) => unknown;
  /** Runs when all is up; may return while servers and workers go on. */
  readonly main?: (app: App) => unknown;
}

/**
 * | variable | what it switches on |
 * |---|---|
 * | HEALTH_PORT | /health, /live, /ready and /metrics on a port of their own |
 * | TEST_ON_START | "host:port,host:port": without an answer of each the app ends with 75 |
 * | HC_PING_URL | a ping every five minutes to a dead man's switch |
 * | SENTRY_DSN | errors to an error tracker |
 * | STATE_FILE | where recoveries are remembered over a restart |
 */
export async function baseApp(
  name: string,
  { setup, main }: Overrides,
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const { HEALTH_PORT, TEST_ON_START, HC_PING_URL, SENTRY_DSN, STATE_FILE } = env;
  const secrets = [HC_PING_URL, SENTRY_DSN].filter((secret) => secret !== undefined);
  const app = createApp(name, {
    log: { secrets },
    reporters: SENTRY_DSN ? [sentryReporter({ dsn: SENTRY_DSN, app: name })] : [],
    watchdog: { reporters: HC_PING_URL ? [heartbeatPing({ url: HC_PING_URL }).reporter()] : [] },
    ...(STATE_FILE && { stateFile: STATE_FILE }),
    // Listed after 20 s, ended after 25: before the supervisor's 30 and the container's 45.
    shutdown: { debugAfterMs: 20_000, forceAfterMs: 22_000, hardAfterMs: 25_000 },
  });
  if (TEST_ON_START) app.setup("preflight", preflight(asksOf(TEST_ON_START)));
  if (HEALTH_PORT) {
    app.setup("health port", () => app.listen({ port: Number(HEALTH_PORT), host: "0.0.0.0" }));
  }
  await setup?.(app);
  return app.run(main);
}

/** "db:5432,cache:6379" as questions by name. @throws for what is no address. */
function asksOf(list: string): Record<string, ReturnType<typeof portAnswers>> {
  const pairs = list.split(",").map((address) => {
    const [, host = "", port = ""] = /^\s*([\w.-]+):(\d{1,5})\s*$/.exec(address) ?? [];
    if (host === "") throw new Error(`TEST_ON_START: expected host:port, got "${address}"`);
    return [address.trim(), portAnswers(host, Number(port))] as const;
  });
  return Object.fromEntries(pairs);
}
