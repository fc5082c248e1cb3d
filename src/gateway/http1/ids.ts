// Names of requests: 48 hexadecimal digits from three calls for chance.
import type { Random } from "../../kernel/random.ts";

const digits3: readonly string[] = Array.from({ length: 4_096 }, (_, i) =>
  i.toString(16).padStart(3, "0"),
);

/** Twelve digits: as many as one number of chance is good for. */
function digits12(random: Random): string {
  const value = random() * 2 ** 24;
  const high = Math.trunc(value);
  const low = Math.trunc((value - high) * 2 ** 24);
  return (
    (digits3[high >>> 12] ?? "") +
    (digits3[high & 4_095] ?? "") +
    (digits3[low >>> 12] ?? "") +
    (digits3[low & 4_095] ?? "")
  );
}

/** 32 digits; never all zero, which would be no trace. */
export function traceId(random: Random): string {
  return `${digits12(random)}${digits12(random)}${digits12(random).slice(5)}1`;
}

/** 16 digits. */
export function spanId(random: Random): string {
  return `${digits12(random)}${digits3[Math.trunc(random() * 4_096)] ?? "000"}1`;
}
