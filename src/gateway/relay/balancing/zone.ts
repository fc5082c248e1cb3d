// Which of the able instances are near enough: those of the gateway's own zone, while they are enough.
import type { Random } from "../../../kernel/random.ts";
import type { Instance } from "../instance.ts";

/** So much more than their share the near ones can carry. */
const spareFactor = 1.4;

/**
 * All able ones of the zone while these are 1/1.4 of those it has; when fewer are able, the rest goes
 * anywhere, in proportion. Source: Envoy, priority levels, overprovisioning factor.
 * @param all whoever serves, able or not.
 */
export function near(
  able: readonly Instance[],
  all: readonly Instance[],
  zone: string,
  random: Random,
): readonly Instance[] {
  const local = able.filter((up) => up.zone === zone);
  if (local.length === 0 || local.length === able.length) return able;
  const members = all.filter((up) => up.zone === zone && up.state !== "spare").length;
  const share = (spareFactor * local.length) / Math.max(1, members);
  if (share >= 1 || random() < share) return local;
  return able.filter((up) => up.zone !== zone);
}
