// The contract of a way to balance: who of several that are able gets the next request.
import type { Asked } from "../asked.ts";
import type { Instance } from "../instance.ts";

export interface Choice {
  /** One of the candidates; undefined when there are none. */
  choose(candidates: readonly Instance[], asked: Asked, nowMs: number): Instance | undefined;
}
