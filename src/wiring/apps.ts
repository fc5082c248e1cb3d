// What apps say of themselves over their link, and what they are told, for the rest of the daemon.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Loop } from "../controller/loop.ts";
import { isConfigured } from "../controller/state.ts";
import { formatDuration } from "../kernel/duration.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Evidence } from "../model/evidence.ts";
import { isInstance, type Target } from "../model/target.ts";
import type { Said } from "../probes/link.ts";
import type { AppsView, AppView, OrderView } from "../protocol/api.ts";
import { linkEnvironment, type Order } from "../protocol/link.ts";
import { parseToApp } from "../protocol/link-wire.ts";
import { socketPathProblem } from "../protocol/listen-alone.ts";
import type { LinkedApp } from "../sources/app-link/desk.ts";
import { type AppLink, createAppLink } from "../sources/app-link/server.ts";
import { clean, orderText, troubleLines } from "../sources/app-link/words.ts";
import type { Running } from "../supervisor/spec.ts";
import { belongs, descends } from "./family.ts";
import type { DaemonOptions } from "./options.ts";
import type { Hearing } from "./probes.ts";

export interface Apps {
  readonly link: AppLink;
  /** What a process needs in its environment to find the link. */
  readonly env: Readonly<Record<string, string>>;
  view(): AppsView;
  /**
   * Tells an app what a person wants of it; that it was told is in the journal before it is.
   * @throws WIRE_SHAPE, UNKNOWN_ID, APP_ABSENT, ORDER_FAILED, TIMED_OUT
   */
  order(target: Target, raw: unknown, by: string): Promise<OrderView>;
  /** Tells the app that it takes no more traffic; resolves when it knows, or after 200 ms. */
  drain(target: Target): Promise<void>;
  /** The same for probes. */
  readonly hearing: Hearing;
  /** What the app last said of itself, when it has a link: nothing is waited for. */
  evidence(target: Target): Evidence | undefined;
}

const drainMs = 200;

export function createApps(
  { stateFolder, log }: DaemonOptions,
  loop: Loop,
  running: () => readonly Running[],
): Apps {
  const { clock } = loop;
  const socketPath = join(stateFolder, "link.sock");
  const link = createAppLink({
    socketPath,
    clock,
    log,
    isKnown: (target) => isInstance(target) && isConfigured(loop.mind.state.policy, target),
    leader: (target) => running().find((other) => other.target === target)?.identity,
    belongs,
    descends,
  });
  return {
    link,
    env: socketPathProblem(socketPath) ? {} : { [linkEnvironment.socket]: socketPath },
    view: () => {
      const { problem } = link;
      return { apps: link.apps().map(toView), ...(problem === undefined ? {} : { problem }) };
    },
    order: async (target, raw, by) => {
      const order = toOrder(raw, join(stateFolder, "captures"), by);
      const before = (): void => {
        if (order.kind === "capture") mkdirSync(order.folder, { recursive: true, mode: 0o700 });
        const data = { order: clean(orderText(order)), by };
        loop.emit({ type: "operator.ordered", subject: target, data });
      };
      return { target, ...(await link.order(target, order, { by, before })) };
    },
    drain: async (target) => {
      if (!link.app(target)) return;
      const order = { kind: "drain", on: true } as const;
      await link
        .order(target, order, { by: "homeostat", limitMs: drainMs })
        .catch((error: unknown) => log.debug("an app was not drained", { target, error }));
    },
    hearing: {
      said: (target) => saidBy(link.app(target)),
      problem: () => link.problem ?? socketPathProblem(socketPath),
    },
    evidence: (target) => {
      const app = link.app(target);
      return app && toEvidence(app);
    },
  };
}

function toView({
  target,
  hello,
  linkedMs,
  report,
  reportAgeMs,
  silent,
  events,
}: LinkedApp): AppView {
  const { app, pid, version, orders, instance } = hello;
  return cleaned({
    target,
    supervised: instance !== undefined,
    app,
    pid,
    version,
    orders,
    link: silent ? "silent" : "up",
    linkedMs: Math.round(linkedMs),
    ...(reportAgeMs === undefined ? {} : { reportAgeMs: Math.round(reportAgeMs) }),
    ...(report === undefined ? {} : { report }),
    events,
  });
}

/** Texts of an app may hold secrets, and signs that write over a terminal. */
function cleaned<T>(value: T): T {
  if (typeof value === "string") return clean(value) as T;
  if (Array.isArray(value)) return value.map(cleaned) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cleaned(each)])) as T;
}

/** People do not choose where a capture is written. @throws WIRE_SHAPE */
function toOrder(raw: unknown, folder: string, by: string): Order {
  const isCapture =
    typeof raw === "object" && raw !== null && "kind" in raw && raw.kind === "capture";
  const order = isCapture ? { ...raw, folder } : raw;
  const message = parseToApp(JSON.stringify({ kind: "order", id: 1, order, by }));
  if (message.kind === "order") return message.order;
  const why = message.kind === "unfit" ? message.why : message.kind;
  throw new HomeostatError("WIRE_SHAPE", why);
}

function saidBy(app: LinkedApp | undefined): Said | undefined {
  if (!app?.report || app.reportAgeMs === undefined) return undefined;
  const { status, reason, live, ready, started } = app.report;
  const why = reason === undefined ? {} : { reason: clean(reason) };
  return { status, live, ready, started, ageMs: app.reportAgeMs, ...why };
}

function toEvidence({ target, report, reportAgeMs = 0, silent }: LinkedApp): Evidence | undefined {
  if (!report) return undefined;
  const { status, reason } = report;
  const why = reason === undefined ? "" : `: ${clean(reason)}`;
  const when = silent ? `, and nothing since ${formatDuration(reportAgeMs)}` : "";
  const summary = `its app says it is ${status}${why}${when}`;
  return { kind: "app-report", target, summary, lines: troubleLines(report), tookMs: 0 };
}
