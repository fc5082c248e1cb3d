// An app whose state only makes sense whole, saved all the time, to be killed while it writes.
import { writeSync } from "node:fs";
import { systemClock } from "../../../src/kernel/clock.ts";
import { createCheckpoints } from "../../../src/runtime/checkpoint/checkpoint.ts";

export interface Ledger {
  readonly sum: number;
  readonly entries: readonly number[];
}

export const isWhole = ({ sum, entries }: Ledger): boolean =>
  sum === entries.reduce((all, each) => all + each, 0);

async function main(folder: string): Promise<void> {
  const quick = { provenMs: 20, deathsMax: 100 };
  const checkpoints = createCheckpoints({ folder, ...quick });
  let ledger: Ledger = { sum: 0, entries: [] };
  const saved = checkpoints.register<Ledger>("ledger", {
    save: () => ledger,
    restore: (state) => {
      ledger = state;
    },
    check: isWhole,
  });
  await checkpoints.start();
  writeSync(1, `restored ${JSON.stringify([ledger.entries.length, isWhole(ledger)])}\n`);
  for (;;) {
    const next = ledger.entries.length + 1;
    ledger = { sum: ledger.sum + next, entries: [...ledger.entries, next] };
    if (await saved.save()) writeSync(1, `saved ${ledger.entries.length}\n`);
    await systemClock.sleep(1);
  }
}

if (import.meta.main) await main(process.argv[2] ?? "");
