// Carries out what the loop commands: actions with their receipt, and the capture of evidence.
import type { Action } from "../actions/action.ts";
import type { Command, JobRun } from "../controller/step.ts";
import { type Clock, deadline, turn } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { ActionKind, Intent, Receipt } from "../model/action.ts";
import type { EvidenceWanted } from "../model/diagnosis.ts";
import type { InputDraft } from "../model/event.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Target } from "../model/target.ts";

export interface PerformOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly actions: Readonly<Record<ActionKind, Action>>;
  readonly emit: (draft: InputDraft) => void;
  readonly capture: (wanted: EvidenceWanted, signal: AbortSignal) => Promise<Evidence>;
  /** Never rejects. */
  readonly run?: (run: JobRun) => Promise<void>;
  /** What the target has said of itself by now, without asking it. */
  readonly said?: (target: Target) => Evidence | undefined;
}

/** An action that has not ended by then has failed; what it began is verified all the same. */
const actionMs = 120_000;
const captureMs = 3_000;

export function performer(options: PerformOptions): (command: Command) => void {
  return (command) => {
    if (command.kind === "act") void act(options, command.intent);
    else if (command.kind === "run") void options.run?.(command.run);
    else void capture(options, command.incident, command.wanted);
  };
}

async function act(options: PerformOptions, intent: Intent): Promise<void> {
  const { clock, log, emit } = options;
  const place = { subject: intent.target, incident: intent.incident };
  const steps: Receipt["steps"][number][] = [];
  const step = (text: string, tookMs: number): void => {
    steps.push({ text, tookMs: Math.round(tookMs) });
  };
  const tell = once(() => emit({ type: "action.started", ...place, data: { action: intent.id } }));
  if (isOrderedFirst(intent)) void turn().then(tell);
  else {
    tell();
    // The loop is still in the step that commanded this: it is durable when that turn is over.
    await Promise.resolve();
  }
  const time = deadline(clock, actionMs);
  const late = new Promise<never>((_, reject) => {
    time.signal.addEventListener("abort", () => reject(time.signal.reason), { once: true });
  });
  try {
    const work = options.actions[intent.kind].apply(intent, {
      signal: time.signal,
      clock,
      log,
      step,
    });
    await Promise.race([work, late]);
    tell();
    const receipt = { action: intent.id, steps: [...steps] };
    emit({ type: "action.done", ...place, data: { action: intent.id, receipt } });
  } catch (error) {
    tell();
    // A copy: what goes on after its time must not change what was told.
    const receipt = { action: intent.id, steps: [...steps] };
    const data = { action: intent.id, error: messageOf(error), receipt };
    emit({ type: "action.failed", ...place, data });
  } finally {
    time.done();
  }
}

/**
 * A start is on its way while its beginning is written down: what it waits for is the intent alone,
 * which is durable. A daemon that dies in between leaves a process that the next one finds by its
 * mark, as it would find one whose start it had not lived to hear of.
 */
function isOrderedFirst({ kind }: Intent): boolean {
  return kind === "start";
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

async function capture(
  options: PerformOptions,
  incident: string,
  wanted: EvidenceWanted,
): Promise<void> {
  const { clock, emit } = options;
  const fromMs = clock.now();
  const place = { subject: wanted.target, incident };
  const said = options.said?.(wanted.target);
  if (said) emit({ type: "evidence.captured", ...place, data: said });
  const time = deadline(clock, captureMs);
  const evidence = await options.capture(wanted, time.signal).catch(
    (error: unknown): Evidence => ({
      ...wanted,
      summary: `could not be captured: ${messageOf(error)}`,
      lines: [],
      tookMs: Math.round(clock.now() - fromMs),
    }),
  );
  time.done();
  emit({ type: "evidence.captured", ...place, data: evidence });
}
