// The link of an app to the daemon beside it: reports, events, orders. The app never waits for it.
import { isAbsolute } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { type AppReport, linkProtocol, linkTextMax, type UnfitOrder } from "../../protocol/link.ts";
import { encodeLink } from "../../protocol/link-wire.ts";
import type { AppEvent } from "../parts/bus.ts";
import { createMask, type Mask } from "../parts/mask.ts";
import type { Stopping } from "../parts/stopping.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import {
  type Connect,
  type Connection,
  type Ending,
  type Hello,
  openConnection,
  type Welcome,
} from "./connection.ts";
import { cut } from "./fit.ts";
import { createObedience, type Obedience } from "./obey.ts";
import type { Orders } from "./orders.ts";
import { createRedial, type LinkState, type Redial } from "./redial.ts";
import { createReports, type Reports } from "./reports.ts";
import { createTelling } from "./telling.ts";

export interface LinkOptions extends Partial<Surroundings> {
  /** Path of the daemon's Unix socket: what HOMEOSTAT_SOCKET says. */
  readonly socket: string;
  readonly app: string;
  /** What HOMEOSTAT_INSTANCE says. */
  readonly instance?: string;
  /** Version of the package. */
  readonly version: string;
  /** The state of the app now; asked for at the daemon's interval, never twice at a time. */
  readonly report: () => AppReport | Promise<AppReport>;
  readonly orders: Orders;
  readonly stopping?: Pick<Stopping, "onStop">;
  /** Takes secrets out of reasons, events and answers; default by name and shape. */
  readonly mask?: Mask;
  /** Default: a Unix socket. */
  readonly connect?: Connect;
}

export interface Link {
  /** Connects in the background, again and again; a socket that cannot be is one warning. */
  start(): void;
  /** Tells the daemon that the app stops and closes; within 500 ms, and never rejects. */
  stop(): Promise<void>;
  /** At most 50 a second; those that find no room are counted in the next. */
  tell(event: AppEvent): void;
  readonly state: LinkState;
  /** Why it is not connected. */
  readonly why: string | undefined;
}

const stopLimitMs = 500;
/** A connection counts when it has lasted so long: a daemon may greet and fall at once. */
const steadyMs = 2_000;
/** What the address of a Unix socket holds on Linux, without its last byte. */
const pathBytesMax = 107;

export function createLink(options: LinkOptions): Link {
  const { clock, random, log } = surroundings(options);
  const { socket: path, mask = createMask(), stopping } = options;
  const reports = createReports({ report: options.report, clock, log, mask });
  const telling = createTelling(clock, mask);
  let connection: Connection | undefined;
  let life: AbortController | undefined;
  const obedience = createObedience({
    ...{ orders: options.orders, clock, log, mask },
    answer: (answer) => {
      if (connection?.welcomed) connection.send(encodeLink(answer));
    },
  });
  const talk = talkOf(options, { clock, reports, obedience });
  const redial = createRedial({ clock, random, log, path }, (signal) => {
    const [opened, ended] = talk(signal, redial);
    connection = opened;
    return ended;
  });

  const stop = async (): Promise<void> => {
    const [stopped, last] = [life, connection];
    if (!stopped) return;
    life = undefined;
    if (last?.welcomed) {
      const limit = new AbortController();
      // This sleep keeps the process alive: the last report has to leave.
      const late = clock.sleep(stopLimitMs, limit.signal).catch(() => {});
      await Promise.race([late, reports.last().then(last.sendLast)]);
      limit.abort();
    }
    stopped.abort();
    redial.off("stopped");
  };
  stopping?.onStop("tell the daemon", "unready", () => connection && report(connection, reports));
  stopping?.onStop("link to the daemon", "reporters", stop, 2 * stopLimitMs);

  return {
    start: () => {
      const problem = problemOf(path);
      if (life) return;
      if (problem !== undefined) {
        log.warn(`no link to the daemon: ${problem}`);
        redial.off(problem);
        return;
      }
      life = new AbortController();
      void redial.run(life.signal);
    },
    stop,
    tell: (event) => {
      const line = telling.line(event, connection?.welcomed === true && connection.roomy);
      if (line !== undefined) connection?.send(line);
    },
    get state() {
      return redial.state;
    },
    get why() {
      return redial.why;
    },
  };
}

interface Talkers {
  readonly clock: Clock;
  readonly reports: Reports;
  readonly obedience: Obedience;
}

type Talk = (
  signal: AbortSignal,
  told: Pick<Redial, "greeted" | "steady">,
) => readonly [Connection, Promise<Ending>];

/** One connection from its beginning to its end. */
function talkOf(options: LinkOptions, { clock, reports, obedience }: Talkers): Talk {
  const hello = helloOf(options, obedience.kinds);
  return (signal, told) => {
    let everyMs = 0;
    const welcomed = async ({ run }: Welcome): Promise<void> => {
      told.greeted();
      obedience.greeted(run);
      void wait(clock, steadyMs, over.signal).then((lasted) => lasted && told.steady());
      do {
        void report(connection, reports);
      } while (await wait(clock, everyMs, over.signal));
    };
    const connection = openConnection({
      ...{ path: options.socket, clock, hello },
      ...(options.connect && { connect: options.connect }),
      onWelcome: (welcome) => {
        const isFirst = everyMs === 0;
        everyMs = welcome.everyMs;
        if (isFirst) void welcomed(welcome);
      },
      onOrder: (order) => {
        if (order.kind === "order") obedience.take(order);
        else connection.send(refusalOf(order));
      },
    });
    const over = new AbortController();
    signal.addEventListener("abort", connection.close, { once: true });
    const ended = connection.ended.finally(() => {
      signal.removeEventListener("abort", connection.close);
      over.abort();
    });
    return [connection, ended];
  };
}

/** None for a daemon that is slow to read: the next one is as whole. */
async function report(to: Connection, reports: Reports): Promise<void> {
  if (!to.welcomed || !to.roomy) return;
  const line = await reports.line();
  if (line !== undefined && to.welcomed) to.send(line);
}

function helloOf({ app, version, instance }: LinkOptions, orders: Hello["orders"]): Hello {
  return {
    ...{ kind: "hello", protocol: linkProtocol, pid: process.pid, orders },
    app: cut(app, linkTextMax),
    version: cut(version, linkTextMax),
    ...(instance && { instance: cut(instance, linkTextMax) }),
  };
}

function refusalOf({ id, why }: UnfitOrder): string {
  const error = cut(why, linkTextMax);
  return encodeLink({ kind: "answer", id, error, code: "WIRE_SHAPE" });
}

function problemOf(path: unknown): string | undefined {
  const shown = JSON.stringify(path) ?? "nothing";
  if (typeof path !== "string" || !isAbsolute(path) || path.includes("\0")) {
    return `the daemon's socket must be an absolute path, got ${shown}`;
  }
  if (Buffer.byteLength(path) <= pathBytesMax) return undefined;
  return `the path of the daemon's socket has more than ${pathBytesMax} bytes: ${shown}`;
}
