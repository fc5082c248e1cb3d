// The contract of a group of measurements, which can be asked for by its name.
import type { Peer } from "./peer.ts";
import type { Scratch } from "./scratch.ts";
import type { Row } from "./table.ts";

export interface Bench {
  readonly scratch: Scratch;
  /** The supervisors that are there. */
  readonly peers: readonly Peer[];
  /** Few rounds: to see that everything works. */
  readonly quick: boolean;
  /** Progress, for people. */
  readonly say: (text: string) => void;
}

export type Group = (bench: Bench) => Promise<readonly Row[]>;
