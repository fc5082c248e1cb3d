// One leadership from its election to its end: believed in as long as it can be proven, no longer.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { wait } from "../parts/wait.ts";
import type { Ending } from "./leader-options.ts";

export interface Term {
  readonly token: number;
  /** Aborts with its end. */
  readonly signal: AbortSignal;
  /** Milliseconds for which it is proven from now; not above 0 when it is not. */
  readonly leftMs: number;
  prove(untilMs: number): void;
  /** Nothing when it has ended. */
  end(why: Ending): void;
}

/** Ends by itself when `clock` reaches what it was proven for; `onEnd` is called after the abort. */
export function beginTerm(
  clock: Clock,
  { token, untilMs }: { readonly token: number; readonly untilMs: number },
  onEnd: (why: Ending) => void,
): Term {
  const over = new AbortController();
  let provenUntilMs = untilMs;
  const end = (why: Ending): void => {
    if (over.signal.aborted) return;
    over.abort(new HomeostatError("CANCELLED", `leadership is over: ${why}`));
    onEnd(why);
  };
  const leftMs = (): number => (over.signal.aborted ? 0 : provenUntilMs - clock.now());
  const watch = async (): Promise<void> => {
    while (await wait(clock, leftMs(), over.signal)) if (leftMs() <= 0) end("unproven");
  };
  void watch();
  return {
    token,
    end,
    signal: over.signal,
    get leftMs() {
      return leftMs();
    },
    prove: (untilMs) => {
      provenUntilMs = Math.max(provenUntilMs, untilMs);
    },
  };
}
