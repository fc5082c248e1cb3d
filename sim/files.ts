// Tells the loop of every config file whose content it does not know.
import type { State } from "../src/controller/state.ts";
import type { Session } from "./daemon.ts";
import type { World } from "./world.ts";

export function tellFiles(world: World, session: Session, state: () => State, only?: string): void {
  for (const { name, service, version } of world.files.values()) {
    if (only !== undefined && service !== only) continue;
    const previous = state().files[name]?.version;
    if (previous === version) continue;
    const base = { target: service, what: "config" as const, file: name, version, by: "someone" };
    const data = { ...base, ...(previous === undefined ? {} : { previous }) };
    const atMs = Math.round(world.queue.nowMs);
    session.emit({ type: "change.seen", subject: service, data: { ...data, atMs } });
  }
}
