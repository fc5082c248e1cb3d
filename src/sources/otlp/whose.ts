// Whose what a resource of OpenTelemetry says is: by an attribute that names its service.
import { keyOf, labelsIn } from "../../protocol/otlp/attributes.ts";
import type { Intake } from "../foreign/intake.ts";
import type { Place } from "../foreign/places.ts";

export interface Whose {
  /** The same for the same resource, for as long as it is remembered. */
  readonly key: string;
  /** Their name for it. */
  readonly theirs: string;
  /** Absent: no service here. */
  readonly place: Place | undefined;
}

const keptMax = 1_000;
const unnamed = "(unnamed)";

/** Reads each resource once for as long as it is remembered. */
export function whoseBy(
  intake: Pick<Intake<{ lastMs: number }>, "place">,
  attribute: string,
): (attributes: unknown) => Whose {
  const known = new Map<string, Whose>();
  let count = 0;
  return (attributes) => {
    const key = keyOf(attributes);
    const found = known.get(key);
    if (found) return found;
    if (known.size >= keptMax) known.clear();
    const labels = labelsIn(attributes);
    const theirs = (labels[attribute] || unnamed).slice(0, 200);
    count += 1;
    const place = intake.place(theirs, labels["service.instance.id"]);
    const whose = { key: String(count), theirs, place };
    known.set(key, whose);
    return whose;
  };
}
