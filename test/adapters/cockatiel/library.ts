// Cockatiel's types, by which its behaviours are written for the adapter and the library alike.

import * as library from "cockatiel";
import type { Behaviour, Who } from "../behaviours.ts";
import * as adapter from "../cockatiel.ts";

export type Cockatiel = typeof library;
export type Of = Behaviour<Cockatiel>;

/** The adapter promises the behaviour and not the types: those of wrap and the classes are simpler. */
export const both: Readonly<Record<Who, Cockatiel>> = {
  adapter: adapter as unknown as Cockatiel,
  library,
};
