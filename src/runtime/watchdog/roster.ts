// All that is watched, each thing under an id of its own, however many have the same name.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Heartbeat } from "./loop-beat.ts";
import type { Roll } from "./reporter.ts";
import type { Tracked } from "./tracked.ts";

/** More watched things in one process are a mistake in a loop. */
export const mostEntries = 10_000;

const longestName = 200;

interface Row {
  readonly tracked: Tracked;
  readonly heartbeat?: Heartbeat;
}

export interface Roster {
  /** An id for one more thing of this name. Throws OPTION_INVALID. */
  take(name: string): string;
  add(tracked: Tracked, heartbeat?: Heartbeat): void;
  drop(id: string): void;
  all(): readonly Tracked[];
  /** Looks at all that ends without a word; answers when the next look is due. Never throws. */
  look(nowMs: number, creditMs: number): number;
  roll(): Roll;
}

export function createRoster(log: Log): Roster {
  const rows = new Map<string, Row>();
  const names = new Map<string, { taken: number; left: number }>();

  const lookAt = ({ tracked, heartbeat }: Row, nowMs: number, creditMs: number): number => {
    tracked.look(creditMs);
    if (tracked.state !== "running" || !heartbeat) return tracked.dueAt;
    heartbeat.credit(creditMs, nowMs);
    const silentMs = Math.round(heartbeat.silentMs(nowMs));
    if (silentMs >= heartbeat.allowedMs) tracked.silent(`no beat for ${silentMs} ms`);
    return heartbeat.dueAt;
  };

  return {
    take: (name) => {
      const problem = problemWith(name, rows.size);
      if (problem !== undefined) throw new HomeostatError("OPTION_INVALID", `watchdog: ${problem}`);
      const count = names.get(name) ?? { taken: 0, left: 0 };
      names.set(name, count);
      count.taken += 1;
      count.left += 1;
      return `${name}#${count.taken}`;
    },
    add: (tracked, heartbeat) => {
      rows.set(tracked.settings.id, { tracked, ...(heartbeat && { heartbeat }) });
    },
    drop: (id) => {
      const row = rows.get(id);
      if (!row) return;
      rows.delete(id);
      const { name } = row.tracked.settings;
      const count = names.get(name);
      if (!count) return;
      count.left -= 1;
      if (count.left === 0) names.delete(name);
    },
    all: () => [...rows.values()].map(({ tracked }) => tracked),
    look: (nowMs, creditMs) => {
      let nextAt = Number.POSITIVE_INFINITY;
      for (const row of [...rows.values()]) {
        try {
          nextAt = Math.min(nextAt, lookAt(row, nowMs, creditMs));
        } catch (error) {
          const { id } = row.tracked.settings;
          log.error(`${id} could not be looked at: ${messageOf(error)}`, { error });
        }
      }
      return nextAt;
    },
    roll: () => {
      const all = [...rows.values()].map(({ tracked }) => tracked);
      const missing = all.filter(({ state }) => state !== "running" && state !== "pending");
      const ids = missing.map(({ settings }) => settings.id);
      return {
        state: ids.length === 0 ? "ok" : "fail",
        count: all.length - ids.length,
        missing: ids,
      };
    },
  };
}

function problemWith(name: string, size: number): string | undefined {
  if (typeof name !== "string" || name === "" || name.length > longestName) {
    return `a name of 1 to ${longestName} characters is expected, got ${String(name).slice(0, 40)}`;
  }
  return size < mostEntries ? undefined : `more than ${mostEntries} things are watched`;
}
