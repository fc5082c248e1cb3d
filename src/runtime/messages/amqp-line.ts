// One connection to one of several AMQP servers: its making, its loss, its end.
import { unescape as decoded } from "node:querystring";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { plain, redact } from "../../kernel/redact.ts";
import { wait } from "../parts/wait.ts";
import type { AmqpConnection } from "./amqp-client.ts";
import type { AmqpSettings } from "./amqp-settings.ts";
import { within } from "./until.ts";

export interface Line {
  readonly connection: AmqpConnection;
  /** `host:port/vhost`, without credentials. */
  readonly server: string;
  /** Aborts, with what happened, when the connection can no longer be used. */
  readonly lost: AbortSignal;
  /** From now on it is lost. */
  lose(error: unknown): void;
  /** Closes the channels given, then the connection; waits 1,000 ms for each. Never rejects. */
  close(...channels: readonly { close(): Promise<void> }[]): Promise<void>;
}

/** Rejects when no server could be reached, or with the reason of `signal`. */
export type Dial = (signal: AbortSignal) => Promise<Line>;

export interface DialHome {
  readonly settings: AmqpSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the client's own error events go. */
  readonly clientLog: Log;
}

const closeMs = 1_000;

export function createDial(home: DialHome): Dial {
  const { settings, log } = home;
  const { servers, name } = settings;
  let first = 0;
  return async (signal) => {
    const problems: string[] = [];
    for (let tried = 0; tried < servers.length; tried++) {
      const index = (first + tried) % servers.length;
      const url = servers[index] ?? "";
      const server = shown(url);
      try {
        const connection = await connect(home, url, signal);
        const line = createLine(home, connection, url);
        // Whoever dials next does so because this one was lost.
        first = (index + 1) % servers.length;
        log.debug(`${name}: connected to ${server}`);
        return line;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        problems.push(`${server}: ${messageOf(masked(error, url))}`);
      }
    }
    throw new HomeostatError("DEPENDENCY_LOST", `no server answers: ${problems.join("; ")}`);
  };
}

async function connect(
  { settings, clock }: DialHome,
  url: string,
  signal: AbortSignal,
): Promise<AmqpConnection> {
  const { connectLimitMs } = settings;
  const opening = (async () => settings.connect(url, { timeout: connectLimitMs }))();
  const opened = await within(clock, connectLimitMs, opening, signal);
  if (opened) return opened.value;
  // One that comes after all is not wanted any more, and its errors are nobody's.
  opening
    .then(
      (late) => {
        late.on("error", () => {});
        return late.close();
      },
      () => {},
    )
    .catch(() => {});
  signal.throwIfAborted();
  throw new HomeostatError("TIMED_OUT", `no connection within ${connectLimitMs} ms`);
}

function createLine(home: DialHome, connection: AmqpConnection, url: string): Line {
  const server = shown(url);
  const { settings, clock, clientLog } = home;
  const { blockedLimitMs, name } = settings;
  const lost = new AbortController();
  let unblocked = new AbortController();
  const lose = (error: unknown): void => {
    unblocked.abort();
    if (!lost.signal.aborted) lost.abort(error);
  };
  const onError = (thrown: unknown): void => {
    const error = masked(thrown, url);
    // While a connection is closed, or after it, its errors are of no interest.
    if (!lost.signal.aborted)
      clientLog.error(`${name} at ${server}: ${messageOf(error)}`, { error });
    lose(error);
  };
  connection.on("error", onError);
  connection.on("close", (error?: unknown) => {
    lose(error ?? new HomeostatError("DEPENDENCY_LOST", `the connection to ${server} was closed`));
  });
  connection.on("unblocked", () => unblocked.abort());
  connection.on("blocked", (reason: unknown) => {
    unblocked.abort();
    unblocked = new AbortController();
    void wait(clock, blockedLimitMs, unblocked.signal).then((passed) => {
      const why = `${server} blocked the connection for ${blockedLimitMs} ms: ${String(reason)}`;
      if (passed) lose(new HomeostatError("DEPENDENCY_LOST", why));
    });
  });
  return {
    connection,
    server,
    lost: lost.signal,
    lose,
    close: async (...channels) => {
      lose(new HomeostatError("CANCELLED", `the connection to ${server} is closed`));
      for (const one of [...channels, connection]) await closeOne(one, home, server);
    },
  };
}

async function closeOne(
  one: { close(): Promise<void> },
  { clock, log, settings }: DialHome,
  server: string,
): Promise<void> {
  try {
    await within(clock, closeMs, (async () => one.close())());
  } catch (error) {
    // What is closed already says so by an error.
    log.debug(`${settings.name}: at closing ${server}: ${messageOf(error)}`);
  }
}

/** `host:port/vhost` */
export function shown(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === "/" ? "" : pathname}`;
}

/** An error that names no credentials of the address, nor do its causes. */
export function masked(error: unknown, url: string): unknown {
  const { username, password } = new URL(url);
  const secrets = [url, password, decoded(password), `${username}:${password}`]
    .filter((secret) => secret.length >= 4)
    .sort((a, b) => b.length - a.length);
  const said = messageOf(error);
  let text = said;
  for (const secret of secrets) text = text.replaceAll(secret, "***");
  text = redact(plain(text));
  return text === said ? error : new Error(text);
}
