// The ways to people: which events are told by which channel, pages, and orders that come by chat.
import { hostname } from "node:os";
import { join } from "node:path";
import type { Way } from "../actions/page.ts";
import type { Loop } from "../controller/loop.ts";
import type { State } from "../controller/state.ts";
import { type Clock, turn } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { Event } from "../model/event.ts";
import { logNotifier } from "../notifiers/log.ts";
import type { Notice, Notifier } from "../notifiers/notifier.ts";
import type { ChannelTestView, UndeliveredView } from "../protocol/api-channels.ts";
import { noticeOf } from "../server/notice.ts";
import type { Store } from "../stores/store.ts";
import { keepIn, type Pending } from "./channel-kept.ts";
import { channelOf, type MadeChannel } from "./channel-kinds.ts";
import { chatOrders } from "./channel-orders.ts";
import { createOutbox, type Outbox } from "./channel-outbox.ts";
import { testChannels } from "./channel-test.ts";
import type { Operator } from "./operator.ts";
import type { DaemonOptions } from "./options.ts";
import type { Resolved } from "./resolve.ts";

export interface Channels {
  /** The ways of a page: the urgent channels; without any, the log. */
  readonly ways: readonly Way[];
  undelivered(): readonly UndeliveredView[];
  /** All of them when none is named. @throws UNKNOWN_ID */
  test(channel?: string): Promise<readonly ChannelTestView[]>;
  /** Tells, and hears orders, until the signal. */
  run(operator: Operator, signal: AbortSignal): void;
}

/** What has just been posted is on its way, not undelivered. */
const graceMs = 2_000;

export function createChannels(options: DaemonOptions, loop: Loop, store: Store): Channels {
  const { resolved, stateFolder, random, log } = options;
  const { notify } = resolved;
  const { clock } = loop;
  const made = makeChannels(resolved, clock, random);
  const kept = keepIn(join(stateFolder, "notify.json"), log);
  // Of another journal than this one, in which the numbers of incidents mean others.
  if ((kept.state.seq ?? 0) > loop.mind.state.seq) kept.save({ pending: [], told: {} });
  const from = kept.state.seq ?? loop.mind.state.seq;
  const outbox = createOutbox({
    ...{ kept, clock, random, log, escalateAfterMs: notify.escalateAfterMs },
    channels: made.map(({ notifier }) => notifier),
  });
  const noticeFor = (id: string, urgent: boolean): Notice => {
    const { state } = loop.mind;
    const incident = state.incidents[id];
    if (!incident) return { incident: id, title: `incident ${id}`, text: "", urgent };
    return { ...noticeOf(state, incident, clock.now(), notify.url), urgent };
  };
  const inform: Inform = (id, isPaged) => {
    const notice = noticeFor(id, false);
    if (notice.over) return outbox.end(notice, notify.info);
    // Who was paged knows it already.
    const others = notify.info.filter((name) => !isPaged || !notify.urgent.includes(name));
    for (const channel of others) outbox.post(channel, notice);
  };
  return {
    ways: waysOf(notify.urgent, outbox, logNotifier(log), (id) => noticeFor(id, true)),
    undelivered: () => outbox.pending.flatMap((it) => undeliveredView(it, clock.wall())),
    test: (channel) => testChannels(made, resolved.policy.project, clock, channel),
    run: (operator, signal) => {
      if (made.length === 0) return;
      const orders = chatOrders(loop, operator);
      hear(loop, store, from, { inform, seen: outbox.seen, log });
      const work = [outbox.run(signal), ...made.map((it) => it.listen?.(orders, log, signal))];
      for (const one of work) {
        one?.catch((error: unknown) => log.error("a channel ended", { reason: messageOf(error) }));
      }
    },
  };
}

/** Of a config; each of them usable without a daemon. */
export function makeChannels(
  { notify, policy }: Resolved,
  clock: Clock,
  random: Random,
): readonly MadeChannel[] {
  const source = `${policy.project}@${hostname()}`;
  return notify.channels.map((channel) => channelOf(channel, { source, clock, random }));
}

function waysOf(
  urgent: readonly string[],
  outbox: Outbox,
  logged: Notifier,
  noticeFor: (id: string) => Notice,
): readonly Way[] {
  const { signal } = new AbortController();
  const write = (notice: Notice): Promise<void> => logged.send(notice, { signal });
  if (urgent.length === 0) return [{ name: "log", tell: (id) => write(noticeFor(id)) }];
  return urgent.map((name, i) => ({
    name,
    tell: (id) => {
      const notice = noticeFor(id);
      // Once, and it counts for nothing: a line in a log wakes nobody.
      if (i === 0) void write(notice);
      return outbox.tell(name, notice);
    },
  }));
}

type Inform = (incident: string, isPaged: boolean) => void;

/** What a dead daemon did not live to tell is told now; of an incident only what is true by then. */
function hear(
  loop: Loop,
  store: Store,
  from: number,
  { inform, seen, log }: { inform: Inform; seen(seq: number): void; log: Log },
): void {
  /** By incident: whether that people were paged is all that is new. */
  const due = new Map<string, boolean>();
  const flush = (): void => {
    const { seq } = loop.mind.state;
    const ids = [...due];
    due.clear();
    try {
      for (const [id, isPaged] of ids) inform(id, isPaged);
      seen(seq);
    } catch (error) {
      log.error("an incident could not be told", {
        incidents: ids.map(([id]) => id),
        reason: messageOf(error),
      });
    }
  };
  const note = (events: Iterable<Event>): void => {
    const before = due.size;
    for (const event of events) {
      const { incident, type } = event;
      if (incident === undefined || !isNews(event, loop.mind.state)) continue;
      due.set(incident, type === "incident.escalated" && due.get(incident) !== false);
    }
    // Not in the step of the loop: it has more to do than to tell of itself.
    if (before === 0 && due.size > 0) void turn().then(flush);
  };
  seen(from);
  note(store.read(from));
  loop.subscribe(note);
}

const news: ReadonlySet<Event["type"]> = new Set([
  "approval.asked",
  "incident.mitigated",
  "incident.escalated",
  "incident.resolved",
  "incident.closed",
]);

/** What the end of an incident says in the same moment is not told twice. */
function isNews(event: Event, { incidents }: State): boolean {
  if (news.has(event.type)) return true;
  const isJudged = event.type === "action.judged" && event.data.result !== "verified";
  if (!isJudged && event.type !== "action.done" && event.type !== "action.failed") return false;
  const { actions } = incidents[event.incident ?? ""] ?? {};
  return actions?.some(({ id, kind }) => id === event.data.action && kind !== "page") ?? false;
}

function undeliveredView(it: Pending, nowAt: number): readonly UndeliveredView[] {
  const { channel, notice, sinceAt, attempts, reason, refused, passedOn } = it;
  const isFresh = reason === undefined && passedOn === undefined && nowAt - sinceAt < graceMs;
  if (isFresh) return [];
  const { incident, title, urgent } = notice;
  return [
    {
      ...{ channel, incident, title, urgent, attempts },
      since: new Date(sinceAt).toISOString(),
      ...(reason === undefined ? {} : { reason }),
      ...(refused ? { refused } : {}),
      ...(passedOn === undefined ? {} : { passedOn }),
    },
  ];
}
