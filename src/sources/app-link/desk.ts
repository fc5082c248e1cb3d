// Who is linked: admits apps, keeps the latest report of each, and passes orders on to them.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { ProcessIdentity } from "../../model/instance.ts";
import type { Target } from "../../model/target.ts";
import {
  type AppReport,
  type FromApp,
  linkProtocol,
  type Order,
  type ToApp,
} from "../../protocol/link.ts";
import type { FreshReport } from "../app-link.ts";
import { createOrders, type Done, type Orders } from "./orders.ts";

export type Hello = Extract<FromApp, { readonly kind: "hello" }>;
export type AppEvent = Omit<Extract<FromApp, { readonly kind: "event" }>, "kind">;

/** One connection, as the desk sees it. After `refuse` or `end` nothing more is said. */
export interface Talk {
  say(message: ToApp): void;
  /** The app is told why, and comes back after a minute at the earliest. */
  refuse(why: string): void;
  /** The app may come back at once. */
  end(): void;
}

/** The place of an app that was admitted. */
export interface Seat {
  take(message: Exclude<FromApp, Hello>): void;
  /** The connection is over. */
  leave(): void;
}

/** What is known of one linked app. */
export interface LinkedApp {
  /** "web/1"; of a process that nobody supervises "NAME@PID". */
  readonly target: Target;
  readonly hello: Hello;
  readonly linkedMs: number;
  readonly report?: AppReport;
  readonly reportAgeMs?: number;
  /** It is connected and says nothing: its event loop may be blocked. */
  readonly silent: boolean;
  /** The latest 20, oldest first. */
  readonly events: readonly AppEvent[];
}

export interface OrderHow {
  readonly by: string;
  /** How long it may take to answer; 10 s when absent, 120 s for a capture. */
  readonly limitMs?: number;
  /** Called when it is certain that the order can be sent, before it is. */
  readonly before?: () => void;
}

export interface Desk {
  /** Undefined when it was turned away. */
  admit(hello: Hello, talk: Talk): Seat | undefined;
  apps(): readonly LinkedApp[];
  app(target: Target): LinkedApp | undefined;
  /** The reports of supervised instances that came since this was last asked. */
  fresh(): readonly FreshReport[];
  /** @throws UNKNOWN_ID, APP_ABSENT, ORDER_FAILED, TIMED_OUT */
  order(target: Target, order: Order, how: OrderHow): Promise<Done>;
}

export interface DeskOptions {
  readonly clock: Clock;
  /** Whether the config asks for this instance. */
  readonly isKnown: (target: Target) => boolean;
  /** The process that leads the instance; undefined while none runs. */
  readonly leader: (target: Target) => ProcessIdentity | undefined;
  /** Whether a process is the leader of an instance, of its group, or comes from it. */
  readonly belongs: (pid: number, leader: ProcessIdentity) => boolean;
  readonly descends: (pid: number, from: number) => boolean;
}

/** How often apps report. */
export const everyMs = 1_000;
/** Three reports are missing. */
const silentMs = 3_500;
const unnamedMax = 32;
const eventsKept = 20;

interface Held {
  readonly target: Target;
  readonly hello: Hello;
  readonly talk: Talk;
  readonly orders: Orders;
  readonly sinceMs: number;
  report?: { readonly report: AppReport; readonly atMs: number };
  isFresh: boolean;
  heardAtMs: number;
  events: readonly AppEvent[];
}

export function createDesk(options: DeskOptions): Desk {
  const { clock, isKnown } = options;
  const seats = new Map<Target, Held>();
  const isSilent = ({ heardAtMs }: Held): boolean => clock.now() - heardAtMs > silentMs;

  const admit: Desk["admit"] = (hello, talk) => {
    const verdict = judge(options, seats, hello, isSilent);
    if (verdict === "come back") return void talk.end();
    if ("why" in verdict) return void talk.refuse(verdict.why);
    const { target } = verdict;
    const before = seats.get(target);
    seats.delete(target);
    before?.orders.drop();
    if (before?.hello.pid === hello.pid) before.talk.end();
    else before?.talk.refuse(`process ${hello.pid} has taken its place as ${target}`);
    const now = clock.now();
    const orders = createOrders(target, clock, talk.say);
    const state = { isFresh: false, heardAtMs: now, events: [] };
    const held: Held = { target, hello, talk, orders, sinceMs: now, ...state };
    seats.set(target, held);
    talk.say({ kind: "welcome", protocol: linkProtocol, everyMs });
    return {
      take: (message) => take(held, message, clock.now()),
      leave: () => {
        orders.drop();
        if (seats.get(target) === held) seats.delete(target);
      },
    };
  };

  const shown = (held: Held): LinkedApp => {
    const { target, hello, sinceMs, report, events } = held;
    const now = clock.now();
    const told = report && { report: report.report, reportAgeMs: now - report.atMs };
    return { target, hello, linkedMs: now - sinceMs, ...told, silent: isSilent(held), events };
  };

  return {
    admit,
    apps: () => [...seats.values()].map(shown),
    app: (target) => {
      const held = seats.get(target);
      return held && shown(held);
    },
    fresh: () =>
      [...seats.values()].flatMap((held) => {
        const { target, hello, report, isFresh } = held;
        held.isFresh = false;
        if (!report || !isFresh || hello.instance === undefined) return [];
        return [{ target, report: report.report, ageMs: clock.now() - report.atMs }];
      }),
    order: async (target, order, { by, limitMs, before }) => {
      const { hello, orders } = find(seats, target, isKnown);
      if (!hello.orders.includes(order.kind)) {
        const text = `${target} does not take the order ${order.kind}; it takes ${hello.orders.join(", ") || "none"}`;
        throw new HomeostatError("ORDER_FAILED", text);
      }
      before?.();
      return orders.give(order, by, limitMs);
    },
  };
}

/** @throws UNKNOWN_ID, APP_ABSENT */
function find(
  seats: ReadonlyMap<Target, Held>,
  target: Target,
  isKnown: DeskOptions["isKnown"],
): Held {
  const held = seats.get(target);
  if (held) return held;
  if (isKnown(target)) {
    const text = `${target} has no link: it does not run, or it does not use createApp`;
    throw new HomeostatError("APP_ABSENT", text);
  }
  const linked = seats.size === 0 ? "none is" : [...seats.keys()].slice(0, 20).join(", ");
  throw new HomeostatError("UNKNOWN_ID", `there is no app ${target}; linked: ${linked}`);
}

function take(held: Held, message: Exclude<FromApp, Hello>, atMs: number): void {
  held.heardAtMs = atMs;
  if (message.kind === "answer") held.orders.answered(message);
  else if (message.kind === "report") {
    held.report = { report: message.report, atMs };
    held.isFresh = true;
  } else {
    const { kind: _, ...event } = message;
    held.events = [...held.events, event].slice(-eventsKept);
  }
}

/** Which place an app gets, or why it gets none. */
function judge(
  { isKnown, leader, belongs, descends }: DeskOptions,
  seats: ReadonlyMap<Target, Held>,
  hello: Hello,
  isSilent: (held: Held) => boolean,
): { readonly target: Target } | { readonly why: string } | "come back" {
  const { protocol, instance, pid } = hello;
  if (protocol !== linkProtocol) {
    const both = `the app speaks version ${protocol} of the link, this daemon version ${linkProtocol}`;
    return { why: `${both}: use the same version of homeostat in both` };
  }
  if (instance === undefined) {
    const target = unnamed(hello);
    const count = [...seats.values()].filter((it) => it.hello.instance === undefined).length;
    if (count < unnamedMax || seats.has(target)) return { target };
    return { why: `${count} apps that nobody supervises are linked already` };
  }
  if (!isKnown(instance)) return { why: `the config of this daemon asks for no ${instance}` };
  const identity = leader(instance);
  // It is being started, or the daemon has not taken it over yet.
  if (!identity) return "come back";
  if (!belongs(pid, identity)) {
    return {
      why: `process ${pid} does not belong to ${instance}, which is process ${identity.pid}`,
    };
  }
  const held = seats.get(instance);
  // What an app starts inherits its name, and must not take its place.
  if (held && held.hello.pid !== pid && !isSilent(held) && descends(pid, held.hello.pid)) {
    return { why: `process ${held.hello.pid} speaks for ${instance}, and has started this one` };
  }
  return { target: instance };
}

function unnamed({ app, pid }: Hello): Target {
  return `${app.slice(0, 64).replaceAll(/[^\w.-]+/g, "-")}@${pid}`;
}
