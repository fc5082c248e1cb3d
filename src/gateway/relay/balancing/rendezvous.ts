// Consistent hashing without a table: each key ranks all places, and stays when another one comes or goes.

/** 32 bits of a text. Source: FNV-1a, and the last step of MurmurHash3 (both public domain). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return mixed(hash);
}

/** What a key thinks of a place: uniform in (0, 1), the same for the same two. */
export function unitOf(key: number, place: number): number {
  return (mixed(Math.imul(key, 0x9e3779b1) ^ place) + 0.5) / 4_294_967_296;
}

/**
 * The highest wins, each place as often as its weight says; when one weight changes, only keys that
 * come to it or leave it move. Source: D. Thaler, C. Ravishankar, A Name-Based Mapping Scheme for
 * Rendezvous, 1996; weights: C. Schindelhauer, G. Schomaker, Weighted Distributed Hash Tables, 2005
 * (logarithmic method).
 */
export function scoreOf(key: number, place: number, weight: number): number {
  return -weight / Math.log(unitOf(key, place));
}

function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
