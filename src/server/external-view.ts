// How a service that runs elsewhere is, as it is shown: it has no process to tell it by.
import { isExternalSick } from "../controller/external.ts";
import { serviceSymptoms } from "../controller/state.ts";
import type { Mind } from "../controller/step.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { metrics } from "../model/reading.ts";
import type { ServiceView } from "../protocol/api.ts";

type Health = Pick<ServiceView, "health" | "note">;

/** Until it was asked for the first time nobody knows; of a watcher's no news is taken as good. */
export function externalHealth({ state, senses }: Mind, { name, probe }: ServicePolicy): Health {
  const [symptom] = serviceSymptoms(state, name);
  if (symptom) {
    const note = symptom.why.text;
    return { health: isExternalSick(state, name) ? "down" : "degraded", note };
  }
  const answer = senses.latest[name]?.[metrics.probe.name];
  if (probe && !answer) return { health: "starting", note: "it was not asked yet" };
  return { health: "healthy" };
}
