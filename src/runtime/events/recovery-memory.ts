// What outlives the process of the failures that are being recovered from, so that it cannot loop.
import type { Clock } from "../../kernel/clock.ts";
import type { AppEvent } from "../parts/bus.ts";
import { type Case, freshCase } from "./recovery-case.ts";
import type { Kept } from "./state-file.ts";

/** A case of a process before this one. */
export interface Remembered {
  readonly event: AppEvent;
  readonly state: Case;
  /** A run was under way when that process ended. */
  readonly interrupted: boolean;
}

interface Row {
  readonly event: AppEvent;
  readonly failures: number;
  readonly givenUp: boolean;
  readonly running: boolean;
  /** Wall times in ms; monotonic ones mean nothing to the next process. */
  readonly toldAt: number;
  readonly notBefore: number;
  readonly lastAt?: number;
  readonly lastOk?: boolean;
  readonly relapsed?: boolean;
}

const rowsMax = 1_000;

/** `kept` gets whole rows; an event's data is not kept, as it may hold anything. */
export function save(
  kept: Kept,
  clock: Clock,
  cases: Iterable<{ event: AppEvent; state: Case; running: boolean }>,
): void {
  const shiftMs = clock.wall() - clock.now();
  const wall = (at: number): number => (Number.isFinite(at) ? at + shiftMs : 0);
  const rows: Row[] = [];
  for (const { event, state, running } of cases) {
    if (!running && !state.last && state.failures === 0) continue;
    const { failures, givenUp, last } = state;
    rows.push({
      event: { ...event, data: undefined },
      failures,
      givenUp,
      running,
      toldAt: wall(state.toldAt),
      notBefore: wall(state.notBefore),
      ...(last === undefined
        ? {}
        : { lastAt: wall(last.at), lastOk: last.ok, relapsed: last.relapsed }),
    });
  }
  kept.write(rows.slice(-rowsMax));
}

/** Rows that do not have the shape are left out: the next failure finds its case anew. */
export function load(kept: Kept, clock: Clock): readonly Remembered[] {
  const rows = kept.read();
  if (!Array.isArray(rows)) return [];
  return rows
    .slice(0, rowsMax)
    .filter(isRow)
    .map((row) => remembered(row, clock));
}

function remembered(row: Row, clock: Clock): Remembered {
  const now = clock.now();
  // A wall clock that was set back must not make a moment of the past one of the future.
  const past = (at: number): number => now - Math.max(0, clock.wall() - at);
  const { event, failures, givenUp, running, lastAt } = row;
  const waitMs = Math.max(0, row.notBefore - Math.max(lastAt ?? row.toldAt, row.toldAt));
  const leftMs = Math.min(waitMs, row.notBefore - clock.wall());
  const last =
    lastAt === undefined
      ? undefined
      : { at: past(lastAt), ok: row.lastOk === true, relapsed: row.relapsed === true };
  const state: Case = {
    ...freshCase,
    failures,
    givenUp,
    toldAt: past(row.toldAt),
    notBefore: row.notBefore === 0 ? freshCase.notBefore : now + leftMs,
    ...(last === undefined ? {} : { last }),
  };
  return { event, state, interrupted: running };
}

function isRow(value: unknown): value is Row {
  const row = value as Partial<Row> | null;
  const { type, source, id } = row?.event ?? {};
  return (
    [type, source, id].every((text) => typeof text === "string") &&
    Number.isInteger(row?.failures) &&
    Number.isFinite(row?.toldAt) &&
    Number.isFinite(row?.notBefore) &&
    (row?.lastAt === undefined || Number.isFinite(row.lastAt))
  );
}
