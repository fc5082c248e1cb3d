// An amount of memory as a config has it, such as "512MiB".

/** KiB, MiB or GiB; systemd's K, M and G mean the same. */
export const amount: RegExp = /^(?<count>\d{1,7}(?:\.\d{1,3})?)(?<unit>[KMG])(?:iB)?$/;

/** Undefined for what is no amount. */
export function bytesOf(value: string): number | undefined {
  const { count, unit } = amount.exec(value)?.groups ?? {};
  if (count === undefined || unit === undefined) return undefined;
  return Math.floor(Number(count) * 1_024 ** ("KMG".indexOf(unit) + 1));
}
