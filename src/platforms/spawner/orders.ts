// The starts that were asked of a spawner and are not answered: none is lost, none is done twice.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { ProcessIdentity } from "../../model/instance.ts";
import { spawnerTarget } from "../../model/target.ts";
import type { Held } from "../../protocol/spawner.ts";
import { isAlive, signalProcess } from "../linux-group.ts";
import type { Found, StartSpec } from "../platform.ts";
import { keyOf } from "./children.ts";
import type { News, Talk } from "./talk.ts";

export interface Orders {
  /**
   * Undefined when no spawner could be had in time: then nothing was started, and nothing will be.
   * @throws SPAWN_FAILED
   */
  start(spec: StartSpec): Promise<ProcessIdentity | undefined>;
  /** A spawner was reached: it gets what waits, and again what it may have got already. */
  joined(talk: Talk): void;
  answered(news: News): void;
  /** The connection has ended; what was on its way may have been done. */
  lost(): void;
}

export interface OrdersOptions {
  readonly clock: Clock;
  readonly scan: (project: string) => readonly Found[];
  /** Sets the spawner of this project going; how long a start waits for that. */
  readonly want: () => void;
  readonly waitMs: number;
  /** Whether one is on its way still: then it is worth waiting for, as its children are looked after. */
  readonly isComing: () => boolean;
  readonly onStarted: (held: Held) => void;
}

interface Order {
  readonly id: string;
  readonly spec: StartSpec;
  readonly resolve: (identity: ProcessIdentity | undefined) => void;
  readonly reject: (error: HomeostatError) => void;
  /** The spawner that may have got it. */
  sentTo?: ProcessIdentity | undefined;
}

/** How often it is looked whether one that is on its way still is. */
const comingMs = 50;

/** A process that was forked and not yet run is not marked as what it will be; so long that takes. */
const forkMs = 1_000;
const pollMs = 5;

let lastId = 0;

export function keepOrders(options: OrdersOptions): Orders {
  const book = keepBook(options);
  const { open, send, done, fail, giveUp } = book;
  return {
    start: (spec) => {
      const { promise, resolve, reject } = Promise.withResolvers<ProcessIdentity | undefined>();
      lastId += 1;
      // With its run: the daemon before this one may have had the same pid, and it counted too.
      const order: Order = { id: `${spec.run} ${lastId}`, spec, resolve, reject };
      open.set(order.id, order);
      if (book.talk) send(order);
      else {
        options.want();
        void giveUp(order);
      }
      return promise;
    },
    joined: (fresh) => {
      book.talk = fresh;
      for (const order of open.values()) {
        const { sentTo } = order;
        if (!sentTo || keyOf(sentTo) === keyOf(fresh.identity)) send(order);
      }
    },
    answered: (news) => {
      if (news.kind !== "started" && news.kind !== "failed") return;
      const order = open.get(news.id);
      if (!order) return;
      if (news.kind === "failed") return fail(order, news.text);
      const { identity } = news;
      const { target, project, run, port } = order.spec;
      options.onStarted({
        identity,
        target,
        project,
        run,
        ...(port === undefined ? {} : { port }),
      });
      done(order, identity);
    },
    lost: () => {
      book.talk = undefined;
      for (const order of open.values()) {
        if (order.sentTo) void retrace(options, book, order, order.sentTo);
      }
    },
  };
}

interface Book {
  readonly open: Map<string, Order>;
  talk?: Talk | undefined;
  send(order: Order): void;
  done(order: Order, identity: ProcessIdentity): void;
  fail(order: Order, text: string): void;
  /** Takes it back after a while; only what is certain not to have been sent. */
  giveUp(order: Order): Promise<void>;
}

function keepBook({ clock, waitMs, isComing }: OrdersOptions): Book {
  const open = new Map<string, Order>();
  const fail = (order: Order, text: string): void => {
    open.delete(order.id);
    order.reject(new HomeostatError("SPAWN_FAILED", text));
  };
  const book: Book = {
    open,
    fail,
    send: (order) => {
      if (!book.talk) return;
      order.sentTo = book.talk.identity;
      if (book.talk.send({ kind: "start", id: order.id, spec: order.spec })) return;
      const why = "its arguments and environment are larger than the system allows (E2BIG)";
      fail(order, `${order.spec.target}: ${why}`);
    },
    done: (order, identity) => {
      open.delete(order.id);
      order.resolve(identity);
    },
    giveUp: async (order) => {
      await clock.sleep(waitMs);
      while (isComing() && open.has(order.id)) await clock.sleep(comingMs);
      if (!order.sentTo && open.delete(order.id)) order.resolve(undefined);
    },
  };
  return book;
}

/** Finds out what became of an order whose spawner is gone; unless it was done it is open again. */
async function retrace(
  options: OrdersOptions,
  book: Book,
  order: Order,
  to: ProcessIdentity,
): Promise<void> {
  const isOpen = (): boolean => book.open.has(order.id) && order.sentTo === to;
  while (isOpen() && isAlive(to)) {
    // It was reached again, and got the order again; or another took its place, and it must not act.
    if (book.talk && keyOf(book.talk.identity) === keyOf(to)) return;
    if (book.talk) signalProcess(to, "SIGKILL");
    await options.clock.sleep(pollMs);
  }
  if (!isOpen()) return;
  const found = await tracesOf(options, order.spec, () => book.talk?.identity);
  if (!isOpen()) return;
  if (found) return book.done(order, found);
  order.sentTo = undefined;
  if (book.talk) book.send(order);
  else void book.giveUp(order);
}

/** The process that a spawner, which is dead, made of an order. */
async function tracesOf(
  { clock, scan }: OrdersOptions,
  { project, target, run }: StartSpec,
  current: () => ProcessIdentity | undefined,
): Promise<ProcessIdentity | undefined> {
  const untilMs = clock.now() + forkMs;
  for (;;) {
    const all = scan(project);
    const found = all.find((one) => one.leader && one.target === target && one.run === run);
    if (found) return found.identity;
    const living = current()?.pid;
    // Between fork and exec a child still has the environment of its parent.
    const forked = all.some((one) => one.target === spawnerTarget && one.identity.pid !== living);
    if (!forked || clock.now() > untilMs) return undefined;
    await clock.sleep(pollMs);
  }
}
