// The daemon's side of the spawner: finds it or starts it, keeps it going, and speaks to it.

import { deadline, every } from "../../kernel/clock.ts";
import { shared } from "../../kernel/shared.ts";
import type { ProcessIdentity } from "../../model/instance.ts";
import { spawnerTarget } from "../../model/target.ts";
import { trackEnds } from "../linux-ends.ts";
import { signalProcess } from "../linux-group.ts";
import { scanMarked } from "../linux-scan.ts";
import { endOurs } from "../ours.ts";
import type { Ended, Found, StartSpec } from "../platform.ts";
import { keepOrders, type Orders } from "./orders.ts";
import { begin, endSilent, type JoinOnce, joinOnce, type SpawnerOptions } from "./process.ts";
import { keepRecords, type Records } from "./records.ts";
import type { Talk } from "./talk.ts";

export interface Spawner {
  /** Joins one that runs; resolves when its list is there, when there is none, or after 100 ms. */
  look(): Promise<void>;
  /** Keeps one running from now on; nothing is waited for. */
  boot(): void;
  /** What an earlier daemon left has been taken over: other ends are nobody's. */
  settle(): void;
  /**
   * Undefined when no spawner could be had: within a second, or for as long as one that was just
   * started may take to answer. Then nothing was started.
   * @throws SPAWN_FAILED with the system's reason.
   */
  start(spec: StartSpec): Promise<ProcessIdentity | undefined>;
  ended(identity: ProcessIdentity): Promise<Ended>;
  endOf(identity: ProcessIdentity): Ended | undefined;
  acknowledge(identity: ProcessIdentity): void;
  /** This one and each that comes after it holds these sockets and no others. */
  keepSockets(addresses: readonly string[]): void;
  /** Its children of a project whose end was not told yet. */
  held(project: string): readonly Found[];
  /** The spawner that is joined now. */
  readonly identity: ProcessIdentity | undefined;
  /** Ends the connection for good; the spawner carries on. */
  leave(): void;
  /** Ends every spawner of this project; its children are not touched. */
  stop(): Promise<void>;
}

const lookMs = 100;
const startWaitMs = 1_000;
const pingMs = 1_000;
const silentLimit = 5;
const brokenLimit = 3;
const brokenMs = 200;

/** What is known of the connection, and who has to hear what comes over it. */
interface Link {
  readonly options: SpawnerOptions;
  readonly signal: AbortSignal;
  readonly records: Records;
  readonly orders: Orders;
  /** The addresses of those that are to be held, once that is known. */
  sockets?: readonly string[];
  talk?: Talk | undefined;
  /** Pings in a row that nothing has answered. */
  silent: number;
  /** Whether another one is started when this one is gone. */
  keeping: boolean;
  /** Whether one was started that has not answered yet; of the first one only, others may fail, too. */
  starting: boolean;
  started: number;
  joinIt: JoinOnce;
  keep(): Promise<void>;
}

export function keepSpawner(options: SpawnerOptions): Spawner {
  const { clock } = options;
  const stopped = new AbortController();
  const { signal } = stopped;
  const link = makeLink(options, signal);
  const { records, orders } = link;
  const part = (): void => {
    link.talk?.end();
    link.talk = undefined;
    records.lost();
  };
  return {
    look: async () => {
      const time = deadline(clock, lookMs, signal);
      const late = new Promise((resolve) => time.signal.addEventListener("abort", resolve));
      await Promise.race([link.joinIt(), late]);
      time.done();
    },
    boot: () => {
      void link.keep();
      void every(clock, pingMs, signal, () => ping(link));
    },
    settle: records.settle,
    start: orders.start,
    ended: records.ended,
    endOf: records.endOf,
    acknowledge: records.acknowledge,
    keepSockets: (addresses) => {
      link.sockets = addresses;
      link.talk?.send({ kind: "keep", addresses });
    },
    held: records.found,
    get identity() {
      return link.talk?.identity;
    },
    leave: () => {
      stopped.abort();
      part();
    },
    stop: async () => {
      stopped.abort();
      link.talk?.send({ kind: "stop" });
      await endOurs(clock, options.project, spawnerTarget);
      part();
    },
  };
}

function makeLink(options: SpawnerOptions, signal: AbortSignal): Link {
  const records = keepRecords({
    watch: trackEnds().ended,
    taken: (identities) => link.talk?.send({ kind: "taken", identities }),
  });
  const orders = keepOrders({
    clock: options.clock,
    scan: scanMarked,
    want: () => void link.keep(),
    waitMs: startWaitMs,
    isComing: () => link.starting && !signal.aborted,
    onStarted: records.started,
  });
  const link: Link = {
    ...{ options, signal, records, orders, silent: 0, keeping: false, starting: false, started: 0 },
    joinIt: shared(() => joinOnce(options, signal, hearing(link))),
    keep: shared(() => keepOne(link)),
  };
  return link;
}

function hearing(link: Link): Parameters<typeof joinOnce>[2] {
  const { records, orders, signal, options } = link;
  const { log } = options;
  return {
    onList: (list, talk) => {
      link.talk = talk;
      link.silent = 0;
      records.heard(list.held, list.ends);
      if (list.dropped > 0) log.warn("ends were dropped: too many", { count: list.dropped });
      if (link.sockets) talk.send({ kind: "keep", addresses: link.sockets });
      orders.joined(talk);
    },
    onNews: (news) => {
      link.silent = 0;
      if (news.kind === "ended") records.told(news.end);
      else orders.answered(news);
    },
    onLost: (why) => {
      link.talk = undefined;
      records.lost();
      orders.lost();
      if (signal.aborted) return;
      log.error("the spawner is gone; the services run on, and another one is started", { why });
      if (link.keeping) void link.keep();
    },
  };
}

/** Resolves when one is joined. */
async function keepOne(link: Link): Promise<void> {
  const { options, signal, joinIt } = link;
  link.keeping = true;
  for (let broken = 0; !link.talk && !signal.aborted; ) {
    const kind = await joinIt();
    if (kind === "absent") {
      link.starting = link.started++ === 0;
      await begin(options, signal, joinIt).finally(() => {
        link.starting = false;
      });
    }
    if (kind !== "broken") continue;
    broken += 1;
    await options.clock.sleep(brokenMs, signal).catch(() => {});
    if (broken % brokenLimit === 0) await endSilent(options);
  }
}

function ping(link: Link): void {
  const { talk, options } = link;
  if (!talk) return;
  link.silent += 1;
  if (link.silent <= silentLimit) return void talk.send({ kind: "ping" });
  options.log.error("the spawner hangs; it is ended", { unanswered: silentLimit });
  signalProcess(talk.identity, "SIGKILL");
}
