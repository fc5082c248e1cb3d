// How many tests passed, failed and were skipped, and how that is told.

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const none: Tally = { passed: 0, failed: 0, skipped: 0 };

export function add(a: Tally, b: Partial<Tally>): Tally {
  return {
    passed: a.passed + (b.passed ?? 0),
    failed: a.failed + (b.failed ?? 0),
    skipped: a.skipped + (b.skipped ?? 0),
  };
}

/** "12 passed, 0 failed", and ", 3 skipped" only where some were. */
export function tell({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/** One line of a file or a step: mark, name, counts, time. */
export function line(name: string, tally: Tally, ms: number): string {
  const mark = tally.failed === 0 ? "ok  " : "FAIL";
  const time = ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
  return `${mark} ${name}  ${tell(tally)}  ${time}`;
}
