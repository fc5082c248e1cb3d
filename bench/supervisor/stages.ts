// Where the time of a recovery goes: when each step of it was written into our journal.
import type { Event, EventType } from "../../src/model/event.ts";
import { ours, type Row, shown, spread } from "./table.ts";

/** A moment of the wall clock at which something was done to an instance. */
export interface Blow {
  readonly target: string;
  readonly wallMs: number;
}

/** A row a step: from the blow to the first event of that kind after it, in whole milliseconds. */
export function stageRows(
  events: readonly Event[],
  blows: readonly Blow[],
  steps: readonly EventType[],
): readonly Row[] {
  const rows = steps.map((step) => {
    const all = events.filter(({ type }) => type === step);
    const waits = blows.flatMap(({ target, wallMs }) => {
      const first = all.find((it) => it.subject === target && Date.parse(it.time) >= wallMs);
      return first ? [Date.parse(first.time) - wallMs] : [];
    });
    return shown(`  until ${step} (ms)`, { [ours]: waits.length > 0 ? spread(waits) : "none" });
  });
  return rows;
}
