// `homeostat replay`: the journal of this folder through the pure steps again, byte for byte.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { replay } from "../../controller/replay.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { daemonStep } from "../../wiring/assemble.ts";
import { openJournal } from "../../wiring/journal.ts";
import { type GlobalOptions, whereIs } from "../context.ts";
import { paint, say, sayJson } from "../print.ts";

/** Exits 1 when a decision differs. */
export async function replayJournal(options: GlobalOptions): Promise<void> {
  const { state } = whereIs(options);
  if (!existsSync(join(state, "journal.db"))) {
    throw new HomeostatError(
      "DAEMON_ABSENT",
      `there is no journal in ${state}: no daemon ever ran`,
    );
  }
  const { store, project } = openJournal(state);
  const result = replay(daemonStep(), store.read(), store.readTicks(), project);
  store.close();
  const { inputs, ticks, decisions, unfinished, difference } = result;
  if (options.json)
    sayJson({ inputs, ticks, decisions, unfinished, same: !difference, difference });
  else if (difference) {
    say(paint("bad", `Event ${difference.seq} differs.`));
    say(`journal: ${difference.journal ?? "nothing"}`);
    say(`replay:  ${difference.replay ?? "nothing"}`);
  } else {
    say(paint("good", `${decisions} decisions are the same, byte for byte.`));
    say(`From ${inputs} inputs and ${ticks} ticks; ${unfinished} ticks were cut off by a kill.`);
  }
  if (difference) process.exitCode = 1;
}
