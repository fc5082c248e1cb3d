// Disrupts a target and takes it back, the journal always a step ahead of the act.
import { builtin } from "../../kernel/builtin.ts";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Bus, Told } from "../parts/bus.ts";
import { wait } from "../parts/wait.ts";
import type { Journal, Json, Left } from "./journal.ts";
import type { Entry } from "./target.ts";

export interface Stage {
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: Pick<Bus, "publish"> | undefined;
  readonly journal: () => Journal;
  readonly nextOrder: () => number;
}

const undoBytesMax = 65_536;

/** Returns when the target is disrupted, or calm again because that did not work. Never throws. */
export function disrupt(entry: Entry, stage: Stage, signal: AbortSignal): Promise<void> {
  const work = disrupting(entry, stage, signal);
  entry.work = work;
  return work;
}

/** Whether it is taken back; one that is being taken back is waited for. Never throws. */
export async function recover(entry: Entry, stage: Stage): Promise<boolean> {
  while (entry.state === "disrupting" || entry.state === "recovering") await entry.work;
  if (entry.state === "calm") return true;
  if (entry.state === "hanging") return false;
  const work = recovering(entry, stage);
  entry.work = work;
  return work;
}

async function disrupting(entry: Entry, stage: Stage, signal: AbortSignal): Promise<void> {
  const { name, target } = entry;
  const { log, clock } = stage;
  entry.since = new Date(clock.wall()).toISOString();
  try {
    note(entry, stage, "intent", undefined);
  } catch (error) {
    entry.failures += 1;
    log.error(`CHAOS: ${name} is left alone, the journal refuses: ${messageOf(error)}`, { error });
    return;
  }
  entry.state = "disrupting";
  entry.order = stage.nextOrder();
  Object.assign(entry, { undo: undefined, known: false, left: false });
  log.warn(`CHAOS: disrupting ${name}`, { target: name });
  const save = (undo: Json): void => {
    entry.undo = plain(undo);
    note(entry, stage, "intent", entry.undo);
  };
  const work = (inner: AbortSignal): unknown => target.disrupt(inner, save);
  try {
    settle(entry, await limited(work, entry, stage, signal));
    note(entry, stage, "disrupted", entry.undo);
    entry.disruptions += 1;
    entry.state = target.irreversible ? "calm" : "disrupted";
    log.warn(`CHAOS: ${name} is disrupted`, { target: name });
    tell(stage, { type: "chaos.disrupted", source: name, severity: "warning" });
  } catch (error) {
    entry.failures += 1;
    log.error(`CHAOS: disrupting ${name} failed: ${messageOf(error)}`, { target: name, error });
    if (target.irreversible) entry.state = "calm";
    else await recovering(entry, stage);
  }
}

/** What `disrupt` answered is what it takes to undo it, even when it could not be written down. */
function settle(entry: Entry, answer: unknown): void {
  entry.known = true;
  if (answer === undefined) return;
  entry.undo = answer;
  entry.undo = plain(answer);
}

async function recovering(entry: Entry, stage: Stage): Promise<boolean> {
  const { name, target, undo, known, left } = entry;
  const { log } = stage;
  entry.state = "recovering";
  try {
    await limited(
      (signal) => target.recover?.(undo as Json | undefined, { signal, known, left }),
      entry,
      stage,
    );
  } catch (error) {
    entry.failures += 1;
    entry.state = "recovery-failed";
    const reason = messageOf(error);
    log.error(`CHAOS: ${name} could not be recovered: ${reason}`, { target: name, error });
    const type = "chaos.recovery_failed";
    tell(stage, { type, source: name, severity: "critical", data: { reason } });
    return false;
  }
  entry.recoveries += 1;
  log.warn(`CHAOS: ${name} is recovered`, { target: name, left });
  tell(stage, { type: "chaos.recovered", source: name });
  if (entry.hanging) followHanging(entry, stage, entry.hanging);
  else calm(entry, stage);
  return true;
}

function calm(entry: Entry, stage: Stage): void {
  entry.state = "calm";
  try {
    forget(entry.name, stage);
  } catch (error) {
    const text = `CHAOS: the next process will recover ${entry.name} once more, the journal refuses`;
    stage.log.error(`${text}: ${messageOf(error)}`, { target: entry.name, error });
  }
}

/** It may still do its harm: when it comes back it is taken back again, and only then forgotten. */
function followHanging(entry: Entry, stage: Stage, hanging: Promise<unknown>): void {
  entry.state = "hanging";
  stage.log.error(`CHAOS: disrupt of ${entry.name} does not heed its signal and still runs`);
  const again = async (answer: unknown): Promise<void> => {
    entry.hanging = undefined;
    try {
      settle(entry, answer);
    } catch (error) {
      stage.log.error(`CHAOS: ${entry.name}: ${messageOf(error)}`, { error });
    }
    await recovering(entry, stage);
  };
  entry.work = hanging.then(again, () => again(undefined));
}

/** What `work` answers, or TIMED_OUT; what still runs then is kept in `entry.hanging`. */
async function limited(
  work: (signal: AbortSignal) => unknown,
  entry: Entry,
  { clock }: Stage,
  outer?: AbortSignal,
): Promise<unknown> {
  const limit = new AbortController();
  const over = new AbortController();
  const { limitMs } = entry;
  void wait(clock, limitMs, over.signal).then((passed) => {
    if (passed) limit.abort(new HomeostatError("TIMED_OUT", `not done within ${limitMs} ms`));
  });
  const signal = outer ? AbortSignal.any([limit.signal, outer]) : limit.signal;
  const running = (async () => work(signal))();
  let ended = false;
  running.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([running, aborted]);
  } catch (error) {
    if (outer !== undefined && !ended) entry.hanging = running;
    throw error;
  } finally {
    over.abort();
  }
}

/** A bus that throws must not keep anything from being taken back. */
function tell({ bus, log }: Stage, event: Told): void {
  try {
    bus?.publish(event);
  } catch (error) {
    log.error(`CHAOS: ${event.type} could not be told: ${messageOf(error)}`, { error });
  }
}

function isDurable({ target }: Entry): boolean {
  return target.irreversible !== true && target.inProcess !== true;
}

/** @throws JOURNAL_UNUSABLE */
function note(entry: Entry, stage: Stage, phase: Left["phase"], undo: unknown): void {
  if (!isDurable(entry)) return;
  const journal = stage.journal();
  const { name: target, since: at } = entry;
  const record = { target, phase, at, ...(undo !== undefined && { undo: undo as Json }) };
  const others = journal.left.filter((left) => left.target !== target);
  journal.write([...others, record]);
}

function forget(name: string, stage: Stage): void {
  const journal = stage.journal();
  const others = journal.left.filter((left) => left.target !== name);
  if (others.length < journal.left.length) journal.write(others);
}

/** The same value before and after a crash: what is not plain JSON is refused. */
function plain(undo: unknown): Json {
  const text = JSON.stringify(undo);
  if (text === undefined || !builtin("node:util").isDeepStrictEqual(JSON.parse(text), undo)) {
    throw new HomeostatError(
      "OPTION_INVALID",
      "what disrupt answers or saves has to be plain JSON",
    );
  }
  if (Buffer.byteLength(text) > undoBytesMax) {
    throw new HomeostatError("OPTION_INVALID", `undo data is over ${undoBytesMax} bytes`);
  }
  return JSON.parse(text);
}
