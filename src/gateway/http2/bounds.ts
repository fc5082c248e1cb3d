// What one connection of HTTP/2 may ask for: the rest of its bounds are those of any client.

/** Requests at once; one more is refused, and may be sent again. */
export const streamsMax = 100;
/** Of a request's body before it is wanted. */
export const windowBytes: number = 256 * 1024;
/** Of all bodies of a connection, so that one does not hold up the others. */
export const connectionWindowBytes: number = 4 * 1024 * 1024;
/** What Node may hold for a connection, in its unit of a million bytes. */
export const sessionMemory = 32;
/** Frames that are not in order before the connection ends. */
export const faultyFramesMax = 100;

/** So many requests that were taken back before they were answered … */
export const resetsMax = 200;
/** … so many pings and settings … */
export const controlsMax = 1_000;
/** … within this time, and the connection ends: CVE-2023-44487 and its kin. */
export const boundMs = 10_000;

/** Says whether more than `most` things have come within `withinMs` of the first of them. */
export function createBound(most: number, withinMs: number): (nowMs: number) => boolean {
  let count = 0;
  let sinceMs = Number.NEGATIVE_INFINITY;
  return (nowMs) => {
    if (nowMs - sinceMs > withinMs) {
      sinceMs = nowMs;
      count = 0;
    }
    return ++count > most;
  };
}
