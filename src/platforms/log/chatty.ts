// Holds a log that says too much to so many lines a second, and counts what was cut.

export interface Chatty {
  /** Whether a line may pass now. */
  pass(): boolean;
  /** Lines that were not even looked at. */
  cut(lines: number): void;
  /** How many were cut in the seconds that are over; they are told once. */
  told(): number;
}

/** `rate` lines pass in each second of `now`; infinity lets all pass. */
export function chatty(rate: number, now: () => number): Chatty {
  let second = Number.NEGATIVE_INFINITY;
  let passed = 0;
  let cut = 0;
  let over = 0;
  const turn = (): void => {
    const current = Math.floor(now() / 1_000);
    if (current === second) return;
    second = current;
    passed = 0;
    over += cut;
    cut = 0;
  };
  return {
    pass: () => {
      turn();
      passed += 1;
      if (passed <= rate) return true;
      cut += 1;
      return false;
    },
    cut: (lines) => {
      turn();
      cut += lines;
    },
    told: () => {
      turn();
      const count = over;
      over = 0;
      return count;
    },
  };
}

/** The line that stands for those that were cut. */
export function cutText(lines: number, rate: number): string {
  return `… ${lines} line${lines === 1 ? "" : "s"} cut: more than ${rate} a second`;
}
