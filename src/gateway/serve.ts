// One client request from arrival to answer: choose an instance, forward, repeat or wait.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { Route } from "../protocol/gateway.ts";
import { answer, answerDegraded, answerUnserved } from "./answer.ts";
import { choose, isEjected } from "./balance.ts";
import { requestBody } from "./body.ts";
import type { Deadlines } from "./deadlines.ts";
import { isKnownFraming } from "./headers.ts";
import type { WaitEnd, WaitingRoom } from "./hold.ts";
import { type Ending, type Exchange, forward } from "./proxy.ts";
import type { RouteCounters } from "./stats.ts";
import type { LiveUpstream } from "./upstream.ts";

/** What serving a request needs of its route; `config` and `upstreams` change under it. */
export interface Serving {
  readonly config: Route;
  readonly upstreams: readonly LiveUpstream[];
  readonly room: WaitingRoom;
  readonly counters: RouteCounters;
  readonly clock: Clock;
  readonly random: Random;
  readonly deadlines: Deadlines;
  readonly log: Log;
}

/** Source: RFC 9110 section 9.2.2. */
const idempotent: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"],
]);

/** So much of a body is kept for another instance. */
const keepBytes = 64 * 1024;
/** Tries that may reach a process; a refused connection reached none and is not counted. */
const triesMax = 3;

/** One request on its way. */
interface Passage extends Exchange {
  readonly repeatable: boolean;
  readonly holdUntilMs: number;
  /** Instances that failed this request; they may have it again when their ejection is over. */
  readonly failed: Set<LiveUpstream>;
  /** How often it was forwarded, and how many of these may have reached a process. */
  forwards: number;
  tries: number;
  held: boolean;
  gone: boolean;
}

export async function serve(
  serving: Serving,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  serving.counters.requests++;
  if (!isKnownFraming(req)) return answer(res, 501, "only the transfer coding chunked is known");
  const passage = begin(serving, req, res);
  res.once("close", () => {
    passage.gone = true;
    passage.onGone();
  });
  while (!passage.gone) {
    const { degraded } = serving.config;
    if (degraded) {
      serving.counters.degraded++;
      answerDegraded(res, degraded);
      break;
    }
    const upstream = pick(serving, passage.failed);
    const goOn = upstream
      ? await attempt(serving, passage, upstream)
      : await hold(serving, passage);
    if (!goOn) break;
  }
  // What an answer left unread would block the connection for the next request.
  if (!req.complete) req.resume();
}

function begin(serving: Serving, req: IncomingMessage, res: ServerResponse): Passage {
  const repeatable = idempotent.has(req.method ?? "");
  const onWanted = (): void => {
    if (req.headers.expect !== undefined) res.writeContinue();
  };
  return {
    req,
    res,
    body: requestBody(req, repeatable ? keepBytes : 0, onWanted),
    repeatable,
    holdUntilMs: serving.clock.now() + serving.config.holdMs,
    failed: new Set(),
    onGone: () => {},
    forwards: 0,
    tries: 0,
    held: false,
    gone: false,
  };
}

/** The instance for the next try, or undefined when none may have it now. */
export function pick(
  serving: Serving,
  failed: ReadonlySet<LiveUpstream>,
): LiveUpstream | undefined {
  const now = serving.clock.now();
  const candidates = serving.upstreams.filter(
    (up) => isOpen(up) && !(failed.has(up) && isEjected(up.ejection, now)),
  );
  const ready = candidates.filter((up) => up.state === "ready");
  const works = ready.some((up) => !isEjected(up.ejection, now));
  return choose(works ? ready : candidates, now, serving.random);
}

/** Whether it may be given requests at all. */
export function isOpen({ state }: Pick<LiveUpstream, "state">): boolean {
  return state === "ready" || state === "spare";
}

/** @returns whether the request still needs an answer. */
async function attempt(
  serving: Serving,
  passage: Passage,
  upstream: LiveUpstream,
): Promise<boolean> {
  const { clock, deadlines, config } = serving;
  // A server may close an idle connection while a request is on its way there. What could not be
  // repeated after that, and what is repeated already, gets a connection of its own.
  const ownConnection = !passage.repeatable || passage.forwards > 0;
  if (passage.forwards++ > 0) serving.counters.retries++;
  upstream.enter();
  const ending = await forward(passage, upstream, {
    ...{ clock, deadlines, timeoutMs: config.timeoutMs, ownConnection },
    mayLeave: () => mayLeave(serving, passage, upstream),
  });
  upstream.leave(ending.tally);
  return settle(serving, passage, upstream, ending);
}

/** Whether another instance can have it in place of one that hangs. */
function mayLeave(serving: Serving, passage: Passage, upstream: LiveUpstream): boolean {
  if (!passage.repeatable || !passage.body.repeatable) return false;
  if (passage.tries + 1 >= triesMax) return false;
  const other = pick(serving, new Set([...passage.failed, upstream]));
  return other !== undefined && other !== upstream;
}

function settle(
  serving: Serving,
  passage: Passage,
  upstream: LiveUpstream,
  ending: Ending,
): boolean {
  const { counters, clock, config } = serving;
  const { res } = passage;
  const { instance } = upstream;
  switch (ending.kind) {
    case "answered":
    case "gone":
      return false;
    case "broken":
      res.destroy();
      return false;
    case "unsendable":
      answer(res, 400, ending.text);
      return false;
    case "garbled":
      counters.lostUnsafe++;
      answer(res, 502, `${instance} gave no valid answer: ${ending.text}`);
      return false;
    case "late":
      counters.unserved++;
      answer(res, 504, `${instance} gave no answer within ${config.timeoutMs} ms`);
      return false;
    case "refused":
      upstream.failed(clock.now());
      passage.failed.add(upstream);
      return true;
    case "stale":
    case "died":
    case "left":
      upstream.failed(clock.now());
      if (ending.kind !== "stale") passage.failed.add(upstream);
      return repeat(serving, passage, `${instance} ended the connection: ${ending.text}`);
  }
}

/** After a connection that died: whether the request may go to another instance. */
function repeat({ counters }: Serving, passage: Passage, text: string): boolean {
  passage.tries++;
  if (!passage.repeatable || !passage.body.repeatable) {
    counters.lostUnsafe++;
    answer(passage.res, 502, `${text}; the request may have been carried out`);
    return false;
  }
  if (passage.tries >= triesMax) {
    counters.unserved++;
    answerUnserved(passage.res, `${text}; given up after ${triesMax} tries`);
    return false;
  }
  return true;
}

/** Waits for an instance; @returns whether to look again. */
async function hold(serving: Serving, passage: Passage): Promise<boolean> {
  const { counters, room, clock } = serving;
  const end = await waitInRoom(serving, passage);
  if (end === "gone") return false;
  if (end === "woken") return true;
  // Before its time is up, a wait expires because an ejected instance may be tried again.
  if (end === "expired" && clock.now() < passage.holdUntilMs) return true;
  counters.unserved++;
  const why = end === "full" ? `${room.size} requests wait already` : "no instance became ready";
  answerUnserved(passage.res, why);
  return false;
}

function waitInRoom(serving: Serving, passage: Passage): Promise<WaitEnd> {
  const again = serving.upstreams.filter(isOpen);
  const untilMs = Math.min(passage.holdUntilMs, ...again.map((up) => up.ejection.untilMs));
  if (!passage.held) serving.counters.held++;
  passage.held = true;
  return serving.room.wait(untilMs, (leave) => {
    passage.onGone = leave;
  });
}
