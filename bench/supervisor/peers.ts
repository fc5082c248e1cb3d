// The supervisors that are measured beside ours: installed where we may, left out where we may not.
import { install, mayInstall } from "../../scripts/apt.ts";
import { messageOf } from "../../src/kernel/errors.ts";
import { bareLoop } from "./loop.ts";
import { monit } from "./monit.ts";
import type { Peer } from "./peer.ts";
import { installPm2, pm2 } from "./pm2.ts";
import { runit, s6 } from "./runit.ts";
import { supervisord } from "./supervisord.ts";
import { notInstalled } from "./table.ts";

/** From Debian, but for pm2, which is of npm, and the floor, which is ours. */
const packages = new Map<Peer, string>([
  [runit, "runit"],
  [s6, "s6"],
  [supervisord, "supervisor"],
  [monit, "monit"],
]);

export const allPeers: readonly Peer[] = [bareLoop, runit, s6, pm2, supervisord, monit];

export interface Peers {
  readonly there: readonly Peer[];
  /** "pm2 7.0.4", and who is not installed. */
  readonly text: string;
  readonly missing: readonly Peer[];
}

/** `alone`: the floor only. */
export async function findPeers(alone: boolean, say: (text: string) => void): Promise<Peers> {
  if (alone) return { there: [bareLoop], missing: [], text: "the other supervisors are left out" };
  const lacking = await absent([...packages.keys()]);
  if (lacking.length > 0 && mayInstall) {
    const names = lacking.map((peer) => packages.get(peer) ?? "");
    say(`installing the packages ${names.join(", ")}`);
    await install(...names);
  }
  await installPm2().catch((error: unknown) => say(`pm2 is not installed: ${messageOf(error)}`));
  const versions = await Promise.all(allPeers.map((peer) => peer.version()));
  const there = allPeers.filter((_, i) => versions[i] !== undefined);
  const missing = allPeers.filter((_, i) => versions[i] === undefined);
  const text = allPeers.map(({ name }, i) => `${name}: ${versions[i] ?? notInstalled}`).join("; ");
  return { there, missing, text };
}

async function absent(peers: readonly Peer[]): Promise<readonly Peer[]> {
  const versions = await Promise.all(peers.map((peer) => peer.version()));
  return peers.filter((_, i) => versions[i] === undefined);
}
