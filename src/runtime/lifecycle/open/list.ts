// Tells the log of all that is still open, one line each, so that a leak is found by its line.
import { messageOf } from "../../../kernel/errors.ts";
import type { Log } from "../../../kernel/log.ts";
import type { ProcessFace } from "../face.ts";
import { type Survey, survey } from "./survey.ts";
import type { Open, Tracked, Tracker } from "./tracker.ts";

/** So many lines; more are counted. */
const most = 200;

/** What is open, by what is tracked and by Node's report; a report that fails leaves what is tracked. */
export function look(tracker: Tracker, face: ProcessFace, log: Log): Survey {
  const open = tracker.open();
  try {
    return survey(open, face.report(), face.activeResources());
  } catch (error) {
    log.warn(`Node's own report failed: ${messageOf(error)}`, { error });
    return survey(open, {}, []);
  }
}

/** Warnings, as they must be seen whatever the level is. */
export function list({ tracked, others, doing, counts }: Survey, log: Log): void {
  const lines = [...tracked.map((one) => line(one, doing)), ...others.map(bare)];
  for (const { message, fields } of lines.slice(0, most)) log.warn(message, fields);
  if (lines.length > most) log.warn(`and ${lines.length - most} more are open`);
  const timers = counts.Timeout ?? 0;
  if (timers > 0 && !tracked.some(({ kind }) => kind === "timer")) {
    log.warn(`still open: ${timers} timers; track timers to see the lines that created them`);
  }
  log.warn("what keeps the process alive, as Node counts it", counts);
}

interface Line {
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

function line({ kind, endpoint, createdAt, thing }: Tracked, doing: Survey["doing"]): Line {
  const thread = "threadId" in thing ? doing.get(Number(thing.threadId)) : undefined;
  return {
    message: `still open: ${kind} ${endpoint}`,
    fields: {
      createdAt: createdAt ?? "not known",
      ...(thread === undefined ? {} : { doing: thread }),
    },
  };
}

function bare({ kind, endpoint }: Open): Line {
  return { message: `still open: ${kind} ${endpoint}`, fields: {} };
}
