// The daemon's side of sd_notify: keeps the receiver going, and knows what each instance has said.

import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, deadline, every } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import { shared } from "../../kernel/shared.ts";
import { notifyTarget, type Target } from "../../model/target.ts";
import { signalProcess } from "../linux-group.ts";
import { endOurs, oursOf } from "../ours.ts";
import { createDesk, type Desk, type Told } from "./desk.ts";
import { startReceiver } from "./receiver.ts";
import { join, type Talk } from "./talk.ts";

export type { Told } from "./desk.ts";

/** A datagram socket of one instance, at the path that its NOTIFY_SOCKET names. */
export interface NotifySocket {
  readonly target: Target;
  readonly path: string;
  /** As whom the instance runs, when that is not the user of the daemon. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

export interface NotifyOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly project: string;
  /** Where the receiver hears the daemon. */
  readonly socketPath: string;
  readonly sockets: readonly NotifySocket[];
  readonly cwd: string;
  readonly path: string;
  readonly logFile: string;
}

export interface Notify {
  /** Joins a receiver that runs, or starts one; resolves when all sockets are there, or after 5 s. */
  boot(): Promise<void>;
  /** A new run begins: resolves when nothing of the one before can be taken for it, or after 5 s. */
  begin(target: Target, run: string): Promise<void>;
  told(target: Target): Told | undefined;
  /** Brings `told` up to date. @throws NOTIFY_ABSENT */
  ask(target: Target): Promise<void>;
  watch(target: Target, onNews: () => void): () => void;
  /** Loop time since when a receiver has heard everything; undefined while none is there. */
  readonly hearsSinceMs: number | undefined;
  /** Ends the connection; the receiver goes on hearing. */
  leave(): void;
  stop(): Promise<void>;
}

const joinMs = 2_000;
const bootMs = 5_000;
const beginMs = 5_000;
const again = { firstMs: 100, mostMs: 10_000 } as const;
const pingMs = 1_000;
const silentLimit = 5;

interface Link extends NotifyOptions {
  readonly desk: Desk;
  readonly signal: AbortSignal;
  talk?: Talk | undefined;
  hearsSinceMs?: number | undefined;
  silent: number;
  attempts: number;
  keep(): Promise<void>;
}

export function keepNotify(options: NotifyOptions): Notify {
  const { clock, log } = options;
  const stopped = new AbortController();
  const desk = createDesk({ now: clock.now, onOdd: (target, what) => tellOdd(log, target, what) });
  const link: Link = {
    ...options,
    ...{ desk, signal: stopped.signal, silent: 0, attempts: 0 },
    keep: shared(() => keepOne(link)),
  };
  const leave = (): void => {
    stopped.abort();
    link.talk?.end();
    link.talk = undefined;
    link.hearsSinceMs = undefined;
  };
  return {
    boot: async () => {
      void every(clock, pingMs, stopped.signal, () => ping(link));
      if (await inTime(clock, bootMs, link.keep())) return;
      log.error("nobody hears sd_notify yet; the services start all the same");
    },
    begin: async (target, run) => {
      desk.begin(target, run);
      const work = async (): Promise<void> => {
        if (!link.talk) await link.keep();
        await link.talk?.order({ kind: "begin", name: target, run });
      };
      await inTime(clock, beginMs, work());
    },
    told: desk.told,
    ask: async (target) => {
      const { talk } = link;
      if (!talk)
        throw new HomeostatError("NOTIFY_ABSENT", "the receiver of sd_notify is not there");
      await talk.order({ kind: "sync", name: target });
    },
    watch: desk.watch,
    get hearsSinceMs() {
      return link.hearsSinceMs;
    },
    leave,
    stop: async () => {
      link.talk?.order({ kind: "stop" }).catch(() => {});
      stopped.abort();
      await endOurs(clock, options.project, notifyTarget);
      leave();
      removeAll(options.sockets);
    },
  };
}

function tellOdd(log: Log, target: Target, what: "mainpid" | "bad"): void {
  if (what === "mainpid") {
    log.warn("MAINPID= is ignored: the process that was started is the one looked after", {
      target,
    });
  } else {
    log.warn("it sends datagrams that are no sd_notify messages; they are dropped", { target });
  }
}

/** Resolves when a receiver is joined and all sockets are there. */
async function keepOne(link: Link): Promise<void> {
  const { log, clock, signal } = link;
  for (let waitMs: number = again.firstMs; !link.talk && !signal.aborted; ) {
    try {
      const talk = (await joinOnce(link)) ?? (await startOne(link));
      if (talk) await settle(link, talk);
    } catch (error) {
      if (signal.aborted) return;
      log.error("sd_notify is not heard", { reason: messageOf(error) });
      endSilent(link);
    }
    if (link.talk) return;
    await clock.sleep(waitMs, signal).catch(() => {});
    waitMs = Math.min(again.mostMs, waitMs * 2);
  }
}

async function joinOnce(link: Link): Promise<Talk | undefined> {
  const { clock, signal, socketPath, desk, log } = link;
  const time = deadline(clock, joinMs, signal);
  const lost = (why: string): void => {
    link.talk = undefined;
    link.hearsSinceMs = undefined;
    if (signal.aborted) return;
    log.error("the receiver of sd_notify is gone; another one is started", { why });
    void link.keep();
  };
  try {
    return await join(socketPath, { said: desk.hear, lost }, time.signal);
  } finally {
    time.done();
  }
}

/** The socket of an instance that runs is bound anew when the receiver before this one has died. */
async function settle(link: Link, talk: Talk): Promise<void> {
  const { clock, log, sockets } = link;
  for (const folder of foldersOf(sockets)) makeFolder(link, folder);
  for (const { target, path, owner } of sockets) {
    const bind = { kind: "bind", name: target, path, ...(owner ? { owner } : {}) } as const;
    await talk.order(bind).catch((error: unknown) => {
      log.error("sd_notify is not heard", { target, reason: messageOf(error) });
    });
  }
  link.talk = talk;
  link.silent = 0;
  link.hearsSinceMs = clock.now();
}

/** Others may pass through it when an instance of theirs has its socket there, and see no names. */
function makeFolder({ sockets }: Link, folder: string): void {
  const isShared = sockets.some(({ path, owner }) => owner && dirname(path) === folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, isShared ? 0o711 : 0o700);
}

/** One that was killed has left them. */
function removeAll(sockets: readonly NotifySocket[]): void {
  for (const folder of foldersOf(sockets)) rmSync(folder, { recursive: true, force: true });
}

function foldersOf(sockets: readonly NotifySocket[]): ReadonlySet<string> {
  return new Set(sockets.map(({ path }) => dirname(path)));
}

async function startOne(link: Link): Promise<Talk | undefined> {
  link.attempts += 1;
  return startReceiver(link, link.attempts - 1, () => joinOnce(link));
}

function ping(link: Link): void {
  const { talk, log } = link;
  if (!talk) return;
  link.silent += 1;
  const heard = (): void => {
    link.silent = 0;
  };
  if (link.silent <= silentLimit) return void talk.order({ kind: "ping" }).then(heard, () => {});
  log.error("the receiver of sd_notify hangs; it is ended", { unanswered: silentLimit });
  endSilent(link);
}

/** A service that writes to a socket which nobody reads would wait: the dead one refuses. */
function endSilent({ project }: Link): void {
  for (const { identity } of oursOf(project, notifyTarget)) signalProcess(identity, "SIGKILL");
}

/** Whether it settles in time; that it failed is told elsewhere. */
async function inTime(clock: Clock, ms: number, work: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal).then(
    () => false,
    () => true,
  );
  const done = work.then(
    () => true,
    () => true,
  );
  const settled = await Promise.race([done, late]);
  timer.abort();
  return settled;
}
