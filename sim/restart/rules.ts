// What must hold of restarts after every step, from the journal and the machine, without the guards.
import type { Mind } from "../../src/controller/step.ts";
import type { Event } from "../../src/model/event.ts";
import type { Exit } from "../../src/model/instance.ts";
import type { Policy, RestartPolicy, ServicePolicy } from "../../src/model/policy.ts";
import { serviceOf, type Target } from "../../src/model/target.ts";
import { Breach, createInvariants } from "../invariants.ts";
import type { Machine } from "./machine.ts";

interface Book {
  /** Of the process that the journal believes to run. */
  pid: number | undefined;
  exit: (Exit & { readonly atMs: number }) | undefined;
  /** Moments of unexpected ends since the last one that was wanted. */
  ends: number[];
  shortRuns: number;
  /** Starts by the loop since then, tries of what was given up apart. */
  starts: number[];
  /** It must run again, or have ended again, by then. */
  owedMs: number | undefined;
}

export interface Rules {
  readonly counts: { exits: number; starts: number; giveUps: number; retries: number };
  check(events: readonly Event[], mind: Mind): void;
  /** Nothing is owed while no daemon lives. */
  asleep(): void;
  /** Looks whether everything that is owed was done. */
  settle(nowMs: number): void;
}

const usualRetryMs = 300_000;
/** Ticks, the way of an order, a stop that is under way. */
const slackMs = 5_000;

export function createRules(machine: Machine, policy: Policy): Rules {
  const { book: ledger, check: invariants } = createInvariants();
  const books = new Map<Target, Book>();
  const retries = new Set<string>();
  const counts: Rules["counts"] = { exits: 0, starts: 0, giveUps: 0, retries: 0 };
  const world: World = { machine, policy, books, retries, counts };
  return {
    counts,
    check: (events, mind) => {
      invariants(events);
      for (const event of events) take(world, event, mind);
      for (const [target, book] of books) givenUpIsTold(world, target, book, mind);
      if (ledger.paused) for (const book of books.values()) book.owedMs = undefined;
    },
    asleep: () => {
      for (const book of books.values()) book.owedMs = undefined;
    },
    settle: (nowMs) => {
      for (const [target, { owedMs, exit }] of books) {
        if (owedMs === undefined || nowMs <= owedMs || machine.living(target)) continue;
        throw new Breach(`${target} ended (${exit?.text}), was to run again, and does not`);
      }
    },
  };
}

interface World extends Pick<Rules, "counts"> {
  readonly machine: Machine;
  readonly policy: Policy;
  readonly books: Map<Target, Book>;
  /** Ids of tries of what was given up. */
  readonly retries: Set<string>;
}

function bookOf({ books }: World, target: Target): Book {
  const fresh: Book = {
    ...{ pid: undefined, exit: undefined, ends: [], shortRuns: 0, starts: [], owedMs: undefined },
  };
  const book = books.get(target) ?? fresh;
  books.set(target, book);
  return book;
}

function take(world: World, event: Event, mind: Mind): void {
  const { type, subject, atMs } = event;
  if (type === "action.intended" && event.data.retry) world.retries.add(event.data.id);
  if (type === "guard.refused" && event.data.why.rule === "give-up") world.counts.giveUps += 1;
  if (type === "instance.started") started(world, subject, event.data.by, atMs);
  if (type === "instance.started" || type === "instance.adopted") {
    bookOf(world, subject).pid = event.data.identity.pid;
  }
  if (type === "instance.exited") exited(world, subject, { ...event.data, atMs });
  if (type === "daemon.started" || type === "operator.resumed" || type === "instance.exited") {
    const targets = type === "instance.exited" ? [subject] : [...world.books.keys()];
    for (const target of targets) owe(world, target, atMs, type !== "instance.exited", mind);
  }
  if (type === "operator.stopped") {
    for (const [target, book] of world.books) {
      if (serviceOf(target) === subject) book.owedMs = undefined;
    }
  }
}

/** Never more starts by the loop in any window than the intensity allows. */
function started(world: World, target: Target, by: string, atMs: number): void {
  const book = bookOf(world, target);
  book.owedMs = undefined;
  world.counts.starts += 1;
  if (!/^A\d+$/.test(by)) return;
  const { when } = restartOf(world, target);
  if (when === "never") throw new Breach(`${target} is started, and is never to be`);
  const { giveUp, retryMs = usualRetryMs } = restartOf(world, target);
  if (world.retries.has(by) || atMs - (book.exit?.atMs ?? atMs) >= retryMs) {
    world.counts.retries += 1;
    return;
  }
  const { exits, withinMs } = giveUp;
  book.starts = [...book.starts.filter((it) => atMs - it < withinMs), atMs];
  if (book.starts.length > exits) {
    throw new Breach(`${target}: ${book.starts.length} starts within ${withinMs} ms, of ${exits}`);
  }
}

/** Every end of a process is told once, with what it ended of. */
function exited(world: World, target: Target, exit: NonNullable<Book["exit"]>): void {
  const book = bookOf(world, target);
  const process = world.machine.processes.find(({ found }) => found.identity.pid === book.pid);
  book.pid = undefined;
  book.exit = exit;
  world.counts.exits += 1;
  if (exit.expected) [book.ends, book.starts, book.shortRuns] = [[], [], 0];
  else {
    book.ends.push(exit.atMs);
    const { stableMs } = restartOf(world, target);
    book.shortRuns = exit.uptimeMs < stableMs ? book.shortRuns + 1 : 0;
  }
  if (exit.text === "" || /undefined|NaN|null/.test(exit.text)) {
    throw new Breach(`${target}: an end that tells nothing: "${exit.text}"`);
  }
  if (!process) {
    if (exit.uptimeMs > 0) throw new Breach(`${target}: an end is told, and nothing had run`);
    return;
  }
  process.told += 1;
  if (!process.end) throw new Breach(`${target}: its end is told, and it runs`);
  const { code, signal } = process.end;
  const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
  const isBlind = /not known|ended as it was told/.test(exit.text);
  if (!isBlind && !exit.text.startsWith(how)) {
    throw new Breach(`${target}: it was "${how}", and is told as "${exit.text}"`);
  }
}

/** What ended unexpectedly is started again, neither sooner nor much later than it may be. */
function owe(world: World, target: Target, atMs: number, anew: boolean, { state }: Mind): void {
  const book = bookOf(world, target);
  const policy = world.policy.services[serviceOf(target)];
  const { exit } = book;
  book.owedMs = undefined;
  if (!policy || !exit || exit.expected || book.pid !== undefined) return;
  if (policy.restart.when === "never" || state.paused || serviceOf(target) in state.held) return;
  const waitMs = isGivenUp(book, policy.restart, atMs)
    ? (policy.restart.retryMs ?? usualRetryMs)
    : backOffMs(book, policy.restart);
  // What a dead daemon had begun, or another instance has just had, is watched until it is judged.
  const isAlone = policy.replicas === 1 && !anew;
  const patienceMs = isAlone ? 0 : policy.healing.verify.timeoutMs;
  book.owedMs = Math.max(exit.atMs + waitMs, atMs) + patienceMs + slackMs;
}

function isGivenUp({ ends, shortRuns }: Book, { giveUp }: RestartPolicy, nowMs: number): boolean {
  const late = ends.filter((it) => nowMs - it < giveUp.withinMs).length;
  return late >= giveUp.exits || shortRuns >= giveUp.exits;
}

function backOffMs({ shortRuns }: Book, { firstMs, factor, maxMs }: RestartPolicy): number {
  return shortRuns === 0 ? 0 : Math.min(maxMs, firstMs * factor ** (shortRuns - 1));
}

/** Who was given up has an open incident that says so, and when it is tried again. */
function givenUpIsTold(world: World, target: Target, book: Book, { state }: Mind): void {
  const policy = world.policy.services[serviceOf(target)];
  const { exit } = book;
  if (!policy || !exit || exit.expected || book.pid !== undefined) return;
  if (policy.restart.when === "never" || state.paused || policy.name in state.held) return;
  const late = book.ends.filter((it) => state.atMs - it < policy.restart.giveUp.withinMs).length;
  if (late < policy.restart.giveUp.exits) return;
  const open = Object.values(state.incidents).filter(
    (it) => !["resolved", "closed"].includes(it.state) && it.service === policy.name,
  );
  const own = open.find((it) =>
    it.symptoms.some((one) => one.target === target && one.clearedAtMs === undefined),
  );
  if (!own) throw new Breach(`${target} is given up, and no incident is open`);
  if (own.state !== "escalated") return;
  const isOn = own.actions.some(
    (it) => it.kind === "start" && !it.outcome && it.state !== "abandoned",
  );
  if (isOn || own.standing?.untilMs !== undefined) return;
  throw new Breach(`${target} is given up, and nobody says when it is tried again`);
}

function restartOf({ policy }: World, target: Target): RestartPolicy {
  return serviceIn(policy, target).restart;
}

function serviceIn(policy: Policy, target: Target): ServicePolicy {
  const service = policy.services[serviceOf(target)];
  if (!service) throw new RangeError(`there is no service of ${target}`);
  return service;
}
