// One save at a time, with a limit: one that hangs is left alone, and none is begun beside it.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";

export interface OneSaveOptions {
  readonly clock: Clock;
  readonly limitMs: number;
  /** Tells why, and answers false. */
  readonly fail: (why: string) => false;
}

/** What it answers joins a save that is under way, and never rejects. */
export function oneSave(
  write: () => Promise<boolean>,
  { clock, limitMs, fail }: OneSaveOptions,
): () => Promise<boolean> {
  let saving: Promise<boolean> | undefined;
  let running = false;

  const limited = async (): Promise<boolean> => {
    const limit = deadline(clock, limitMs);
    const over = new Promise<false>((resolve) => {
      limit.signal.addEventListener("abort", () => resolve(false), { once: true });
    });
    running = true;
    const work = write()
      .catch((error) => fail(messageOf(error)))
      .finally(() => {
        running = false;
      });
    const done = await Promise.race([work, over]);
    limit.done();
    return running ? fail(`save has not answered after ${limitMs} ms`) : done;
  };

  return () => {
    if (!saving && running) return Promise.resolve(fail("the save before has not ended"));
    saving ??= limited().finally(() => {
      saving = undefined;
    });
    return saving;
  };
}
