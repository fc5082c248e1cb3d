// Where a hill climber goes next: pure, one setting, never out of its bounds.

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Added or taken away; or `factor`, by which it is multiplied or divided. */
  readonly step?: number;
  readonly factor?: number;
  /** Only whole numbers. */
  readonly whole?: boolean;
}

export interface Climb {
  /** What is in force and proved best so far. */
  readonly value: number;
  /** Where the last step that helped went. */
  readonly direction: 1 | -1;
  /** Which of the reaches comes first. */
  readonly first: number;
  /** Tries since something helped. */
  readonly tries: number;
}

/** Steps at once: near the top one changes nothing that could be told from noise, four do. */
const reaches = [1, 2, 4] as const;
/** Each reach in both directions: then nothing helps. */
const roundTries: number = reaches.length * 2;

export function startClimb(value: number, direction: 1 | -1): Climb {
  return { value, direction, first: 0, tries: 0 };
}

/** The next value to try; undefined when the round is over. */
export function nextTry(
  climb: Climb,
  bounds: Bounds,
): { readonly to: number; readonly climb: Climb } | undefined {
  for (let tries = climb.tries; tries < roundTries; tries++) {
    const direction = tries % 2 === 0 ? climb.direction : opposite(climb.direction);
    const to = moved(climb.value, direction, reachOf(climb.first, tries), bounds);
    if (to !== climb.value) return { to, climb: { ...climb, tries } };
  }
  return undefined;
}

/** It goes on in the same direction, with longer steps. */
export function helped({ value, first, tries }: Climb, to: number): Climb {
  const longer = Math.min(reaches.length - 1, ((first + (tries >> 1)) % reaches.length) + 1);
  return { value: to, direction: to > value ? 1 : -1, first: longer, tries: 0 };
}

export function fruitless(climb: Climb): Climb {
  return { ...climb, tries: climb.tries + 1 };
}

/** A new round begins with the shortest step. */
export function rested(climb: Climb): Climb {
  return { ...climb, first: 0, tries: 0 };
}

/** The value itself when the bounds or the rounding leave no way. */
function moved(value: number, direction: 1 | -1, reach: number, bounds: Bounds): number {
  const { min, max, step, factor = 1, whole } = bounds;
  const far =
    step === undefined ? value * factor ** (direction * reach) : value + direction * step * reach;
  const to = Math.min(max, Math.max(min, far));
  if (!whole) return to;
  // A factor may move a small number by less than one.
  const rounded = Math.round(to);
  const next = rounded === value ? value + direction : rounded;
  return next < min || next > max ? value : next;
}

function reachOf(first: number, tries: number): number {
  return reaches[(first + (tries >> 1)) % reaches.length] ?? 1;
}

function opposite(direction: 1 | -1): 1 | -1 {
  return direction === 1 ? -1 : 1;
}
