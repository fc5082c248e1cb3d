// Holds cockatiel's documented behaviours against the adapter over our policies and against cockatiel.
import { describe } from "node:test";
import { holdAll } from "./behaviours.ts";
import { circuits } from "./cockatiel/circuit.behaviours.ts";
import { halfOpen } from "./cockatiel/half-open.behaviours.ts";
import { both } from "./cockatiel/library.ts";
import { bulkheads, fallbacks, timeouts } from "./cockatiel/limits.behaviours.ts";
import { events, policies } from "./cockatiel/policy.behaviours.ts";
import { backoffs, retries } from "./cockatiel/retry.behaviours.ts";

const parts = {
  policies,
  events,
  backoffs,
  retries,
  circuits,
  halfOpen,
  timeouts,
  bulkheads,
  fallbacks,
};

for (const [name, behaviours] of Object.entries(parts)) {
  describe(`cockatiel, ${name}`, () => holdAll(both, behaviours));
}
