// Who serves and who waits, after every step: never too many, and nobody takes the place of nobody.
import { rotation } from "../src/controller/rotation.ts";
import type { State } from "../src/controller/state.ts";
import { Breach } from "./invariants.ts";

/** @throws Breach. Returns how many spares have taken over in this step. */
export function turnsHold(before: State, after: State): number {
  let promoted = 0;
  for (const { name, replicas, spares = 0 } of Object.values(after.policy.services)) {
    if (spares === 0) continue;
    const [was, is] = [serving(before, name), serving(after, name)];
    const wanted = replicas - spares;
    const waiting = rotation(after, name).filter(({ state }) => state === "spare").length;
    must(is.length <= wanted, `${name}: ${is.join(", ")} serve, ${wanted} are wanted`);
    must(waiting === 0 || is.length === wanted, `${name}: ${is.length} serve and ${waiting} wait`);
    const fresh = is.filter((it) => !was.includes(it));
    const gone = was.filter((it) => !is.includes(it));
    const free = gone.length + Math.max(0, wanted - was.length);
    must(fresh.length <= free, `${name}: ${fresh.join(", ")} took over from ${gone.join(", ")}`);
    promoted += Math.min(fresh.length, gone.length);
  }
  return promoted;
}

function serving(state: State, service: string): readonly string[] {
  return rotation(state, service).flatMap((it) => (it.state === "ready" ? [it.instance] : []));
}

function must(holds: boolean, text: string): void {
  if (!holds) throw new Breach(text);
}
