// One direction of one connection: the stages of its toxics, in the order in which they were added.
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import { noop } from "./noop.ts";
import type { Ending, Outlet, Stage, Toxic } from "./toxic.ts";

export interface Chain extends Outlet {
  /** Some stage holds more than it should: the source is to wait. */
  readonly isFull: boolean;
  add(toxic: Toxic): void;
  /** New settings for the toxic of this name; what it holds is looked at anew. */
  update(toxic: Toxic): void;
  /** What it holds passes on at once. */
  remove(name: string): void;
  /** The connection is over. */
  stop(): void;
}

export interface ChainOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly toxics: readonly Toxic[];
  readonly sink: Outlet;
  /** A stage passed something on or was changed: there may be room again. */
  readonly onMoved: () => void;
}

interface Entry {
  toxic: Toxic;
  stage: Stage;
  readonly memory: { passedBytes: number };
  readonly outlet: Outlet;
  /** It has ended its connection: nothing passes it any more. */
  isOver: boolean;
}

export function createChain(options: ChainOptions): Chain {
  const { sink, onMoved } = options;
  const entries: Entry[] = [];
  const next = (entry: Entry): Outlet => entries[entries.indexOf(entry) + 1]?.stage ?? sink;

  const outletOf = (self: () => Entry): Outlet => ({
    take(piece, cameAtMs) {
      if (self().isOver) return;
      next(self()).take(piece, cameAtMs);
      onMoved();
    },
    finish(how) {
      if (self().isOver) return;
      self().isOver = true;
      next(self()).finish(how);
    },
  });

  const add = (toxic: Toxic): void => {
    const memory = { passedBytes: 0 };
    const outlet = outletOf(() => entry);
    const stage = stageOf(toxic, { ...options, memory, next: outlet });
    const entry: Entry = { toxic, stage, memory, outlet, isOver: false };
    entries.push(entry);
  };
  for (const toxic of options.toxics) add(toxic);

  return {
    get isFull() {
      return entries.some(({ stage, toxic }) => stage.heldBytes > toxic.kind.roomBytes);
    },
    take: (piece, cameAtMs) => (entries[0]?.stage ?? sink).take(piece, cameAtMs),
    finish: (how) => (entries[0]?.stage ?? sink).finish(how),
    add,
    update(toxic) {
      const entry = entries.find((it) => it.toxic.name === toxic.name);
      if (!entry || entry.isOver) return;
      const left = entry.stage.leave(false);
      entry.toxic = toxic;
      entry.stage = stageOf(toxic, { ...options, memory: entry.memory, next: entry.outlet });
      hand(left, entry.stage);
      onMoved();
    },
    remove(name) {
      const entry = entries.find((it) => it.toxic.name === name);
      if (!entry || entry.isOver) return;
      const left = entry.stage.leave(true);
      const after = next(entry);
      entry.isOver = true;
      entries.splice(entries.indexOf(entry), 1);
      hand(left, after);
      onMoved();
    },
    stop() {
      for (const entry of entries) {
        entry.isOver = true;
        entry.stage.leave(false);
      }
    },
  };
}

/** Chance decides once for each connection and setting, not for each piece. */
function stageOf(
  toxic: Toxic,
  line: Pick<ChainOptions, "clock" | "random"> & { memory: Entry["memory"]; next: Outlet },
): Stage {
  const isChosen = line.random() < toxic.toxicity;
  return (isChosen ? toxic.kind : noop).stage(toxic.attributes, line);
}

function hand(left: ReturnType<Stage["leave"]>, to: Outlet): void {
  for (const { piece, cameAtMs } of left.pieces) to.take(piece, cameAtMs);
  const ending: Ending | undefined = left.ending;
  if (ending !== undefined) to.finish(ending);
}
