// The clock on the wall: what time of day it is where this machine stands.

/** Milliseconds since 1970 as a clock on the wall counts them: a day there begins at a multiple of 24 h. */
export function localMs(wallMs: number): number {
  return wallMs - new Date(wallMs).getTimezoneOffset() * 60_000;
}
