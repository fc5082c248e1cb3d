// Which state has proved good: the newest that a process has lived with for long enough.
import type { Clock } from "../../kernel/clock.ts";
import type { Shelf } from "./shelf.ts";

export interface Probation {
  readonly proven: number | undefined;
  /** What must not be deleted: the proven one, and the one that is to follow it. */
  readonly held: readonly (number | undefined)[];
  /** What this process has begun with, and what those before it had proved. */
  begin(restored: number | undefined, proven: number | undefined): void;
  /** Looks whether the one on trial has proved good; then the newest is tried. */
  prove(shelf: Shelf): void;
  /** The process did not die young, whatever it began with. */
  live(shelf: Shelf): void;
  /** An orderly end is no death. */
  end(shelf: Shelf): void;
}

export function createProbation(clock: Clock, provenMs: number): Probation {
  let proven: number | undefined;
  let trial: { readonly number: number; readonly since: number } | undefined;
  let lived = false;

  const prove = (shelf: Shelf): void => {
    const now = clock.now();
    if (trial && now - trial.since < provenMs) return;
    if (trial) {
      proven = trial.number;
      shelf.writeLedger({ proven, starts: 0 });
    }
    const [newest] = shelf.numbers();
    trial = newest === undefined || newest === proven ? undefined : { number: newest, since: now };
  };
  const forgive = (shelf: Shelf): void => shelf.writeLedger({ ...shelf.readLedger(), starts: 0 });

  return {
    get proven() {
      return proven;
    },
    get held() {
      return [proven, trial?.number];
    },
    begin: (restored, before) => {
      proven = before;
      if (restored !== undefined && restored !== before) {
        trial = { number: restored, since: clock.now() };
      }
    },
    prove,
    live: (shelf) => {
      lived = true;
      prove(shelf);
      forgive(shelf);
    },
    end: (shelf) => {
      if (!lived) forgive(shelf);
    },
  };
}
