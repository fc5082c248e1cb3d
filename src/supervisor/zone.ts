// How far the clocks on the wall of a time zone are ahead of UTC, and when they are changed.

export interface Offsets {
  /** Wall time minus UTC at a moment, in ms; to the minute. */
  at(utcMs: number): number;
  /**
   * The offsets before and after the change of clocks that lies on or next to a day; `turnsAt` is
   * the moment of the change, and infinity when there is none. Bounds are wall time as if it were UTC.
   */
  around(wallFrom: number, wallTo: number): Around;
}

export interface Around {
  readonly before: number;
  readonly after: number;
  readonly turnsAt: number;
}

const minuteMs = 60_000;
/** No zone has moved its clocks by more than this since 1970, but for changes of date. */
const marginMs = 3 * 3_600_000;
const zonesKept = 200;
const daysKept = 100;

const made = new Map<string, Offsets>();

/** Of an IANA zone; undefined is that of this machine. @throws RangeError for one that is not. */
export function localOffsets(zone: string | undefined): Offsets {
  const name = zone ?? "";
  const known = made.get(name);
  if (known) return known;
  if (made.size >= zonesKept) made.clear();
  const offsets = offsetsOf(zone);
  made.set(name, offsets);
  return offsets;
}

export function isZone(zone: string): boolean {
  try {
    localOffsets(zone);
    return zone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function offsetsOf(zone: string | undefined): Offsets {
  const format = new Intl.DateTimeFormat("en-US", {
    ...(zone === undefined ? {} : { timeZone: zone }),
    ...{ hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric" },
  });
  const at = (utcMs: number): number => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(utcMs)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
    const wall = Date.UTC(year, month - 1, day, hour, minute);
    return wall - Math.floor(utcMs / minuteMs) * minuteMs;
  };
  const looked = new Map<string, Around>();
  const around = (wallFrom: number, wallTo: number): Around => {
    const key = `${wallFrom} ${wallTo}`;
    const known = looked.get(key);
    if (known) return known;
    if (looked.size >= daysKept) looked.clear();
    const found = look(wallFrom, wallTo);
    looked.set(key, found);
    return found;
  };
  const look = (wallFrom: number, wallTo: number): Around => {
    const from = wallFrom - at(wallFrom) - marginMs;
    const to = wallTo - at(wallTo) + marginMs;
    const [before, after] = [at(from), at(to)];
    if (before === after) return { before, after, turnsAt: Number.POSITIVE_INFINITY };
    return { before, after, turnsAt: turnBetween(at, from, to) };
  };
  return { at, around };
}

/** Clocks change on a full minute. */
function turnBetween(at: Offsets["at"], from: number, to: number): number {
  let low = Math.floor(from / minuteMs);
  let high = Math.ceil(to / minuteMs);
  const before = at(low * minuteMs);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (at(middle * minuteMs) === before) low = middle;
    else high = middle;
  }
  return high * minuteMs;
}
