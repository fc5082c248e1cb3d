// Counts what an instance had in hand when its connections ended, by method and by how far it had come.
import type { RouteCounters } from "../stats.ts";

/** sending: not all of its body was sent · waiting: for the answer · answering: inside it. */
export type Stage = "sending" | "waiting" | "answering";

const known: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"],
]);

/** A client can invent methods without end: they are one. */
export function addInterrupted(
  { interrupted }: RouteCounters,
  method: string,
  stage: Stage,
  fate: "lost" | "repeated",
): void {
  const name = `${known.has(method) ? method : "OTHER"} ${stage} ${fate}`;
  interrupted[name] = (interrupted[name] ?? 0) + 1;
}
