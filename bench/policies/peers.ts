// The libraries that are measured beside ours; each is loaded when asked for, as some keep timers.
import type { Peer } from "./peer.ts";

const load: Readonly<Record<string, () => Promise<Peer>>> = {
  cockatiel: async () => (await import("./peer-cockatiel.ts")).cockatiel,
  "opossum + p-retry": async () => (await import("./peer-opossum.ts")).opossum,
  mollitia: async () => (await import("./peer-mollitia.ts")).mollitia,
};

export const peerNames: readonly string[] = Object.keys(load);

/** Undefined for no name: what is measured is ours then. */
export async function peerOf(name: string | undefined): Promise<Peer | undefined> {
  if (name === undefined) return undefined;
  const peer = await load[name]?.();
  if (!peer) throw new Error(`no peer is called ${name}`);
  return peer;
}
