// A stage that lets bytes go in their order, each portion at its own moment.
import { after, type Ending, type Held, type Line, type Stage } from "./toxic.ts";

/** How many of the first bytes go next, and when; Infinity for never. */
export interface Portion {
  readonly bytes: number;
  readonly dueMs: number;
}

/** `lastDueMs` is when the portion before was due; it may be long ago. */
export type Measure = (head: Held, lastDueMs: number) => Portion;

/** Timers are no finer: what is due sooner goes now, and the next due moment makes up for it. */
const finestMs = 1;

export function paced({ clock, next }: Line, measure: Measure): Stage {
  let queue: Held[] = [];
  let heldBytes = 0;
  let lastDueMs = clock.now();
  let portion: Portion | undefined;
  let ending: Ending | undefined;
  let isOver = false;
  let cancel = (): void => {};

  const passOn = (head: Held, { bytes, dueMs }: Portion): void => {
    const rest = head.piece.subarray(bytes);
    if (rest.length === 0) queue.shift();
    else queue[0] = { piece: rest, cameAtMs: head.cameAtMs };
    heldBytes -= head.piece.length - rest.length;
    lastDueMs = dueMs;
    portion = undefined;
    next.take(head.piece.subarray(0, bytes), clock.now());
  };

  const run = (): void => {
    // Whoever takes a portion may end the connection, and this stage with it.
    for (let head = queue[0]; head && !isOver; head = queue[0]) {
      portion ??= measure(head, lastDueMs);
      const waitMs = portion.dueMs - clock.now();
      if (waitMs >= finestMs) {
        if (waitMs < Number.POSITIVE_INFINITY) cancel = after(clock, waitMs, run);
        return;
      }
      passOn(head, portion);
    }
    if (isOver || ending === undefined) return;
    isOver = true;
    next.finish(ending);
  };

  return {
    get heldBytes() {
      return heldBytes;
    },
    take(piece, cameAtMs) {
      queue.push({ piece, cameAtMs });
      heldBytes += piece.length;
      if (queue.length === 1) run();
    },
    finish(how) {
      ending ??= how;
      if (queue.length === 0) run();
    },
    leave() {
      isOver = true;
      cancel();
      const pieces = queue;
      queue = [];
      heldBytes = 0;
      return ending === undefined ? { pieces } : { pieces, ending };
    },
  };
}
