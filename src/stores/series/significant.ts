// Numbers rounded to so many digits that count.

const powers: readonly number[] = Array.from({ length: 23 }, (_, i) => 10 ** i);

/**
 * `value` with `digits` digits, 1 to 15: 0.0312345678 with 6 is 0.0312346. Whole numbers are left as
 * they are, and so is what is too large or too small for a decimal that comes back.
 */
export function significant(value: number, digits: number): number {
  if (Number.isInteger(value)) return value;
  const size = Math.abs(value);
  if (!(size >= 1e-9 && size < 1e15)) return value;
  let before = 0;
  if (size >= 1) while (size >= (powers[before] ?? 0)) before += 1;
  else while (size * (powers[1 - before] ?? 0) < 1) before -= 1;
  const power = powers[Math.max(0, digits - before)] ?? 1;
  return Math.round(value * power) / power;
}
