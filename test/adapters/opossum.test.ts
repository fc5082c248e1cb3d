// Holds opossum's documented behaviours against the adapter over our policies and against opossum.
import { describe } from "node:test";
import { holdAll } from "./behaviours.ts";
import { circuits, health } from "./opossum/circuit.behaviours.ts";
import { capacities, fallbacks, firing } from "./opossum/fire.behaviours.ts";
import { both } from "./opossum/library.ts";
import { abortControllers, caches, statistics } from "./opossum/memory.behaviours.ts";

const parts = {
  firing,
  fallbacks,
  capacities,
  circuits,
  health,
  statistics,
  caches,
  abortControllers,
};

for (const [name, behaviours] of Object.entries(parts)) {
  describe(`opossum, ${name}`, () => holdAll(both, behaviours));
}
