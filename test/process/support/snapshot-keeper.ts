// A process that writes events and keeps snapshots of them as fast as it can, so that a test can kill it meanwhile.
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { eventOf, project } from "../store-writer.ts";

/** A fold whose size is that of a busy project: what a kill may cut in two. */
export interface Made {
  readonly seq: number;
  readonly sum: number;
  readonly ballast: readonly string[];
}

export const program = "keeper";
export const nothing: Made = { seq: 0, sum: 0, ballast: [] };

/** Another order or another event makes another sum. */
export function foldOne(made: Made, seq: number, reason: string): Made {
  const ballast = [...made.ballast, `${seq} ${reason}`].slice(-300);
  return { seq, sum: (made.sum * 31 + seq + reason.length) % 1_000_003, ballast };
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder = ""] = process.argv;
  const store = sqliteStore({ folder, project });
  const found = store.takeSnapshot?.();
  let made = (found?.made as Made | undefined) ?? nothing;
  for (const event of store.read(made.seq)) {
    if (event.type === "daemon.stopped") made = foldOne(made, event.seq, event.data.reason);
  }
  process.stdout.write("open\n");
  for (;;) {
    const event = eventOf(made.seq + 1);
    store.append([event]);
    if (event.type === "daemon.stopped") made = foldOne(made, event.seq, event.data.reason);
    store.keepSnapshot?.({ program, seq: made.seq, made });
  }
}
