// Checks that somebody listens: prefer a check that speaks the protocol, as a hung server listens too.
import type { Check } from "../../parts/health.ts";
import { type Place, reach } from "./conversation.ts";

/** Healthy when a connection can be opened. */
export function tcpCheck(to: Place): Check {
  return async ({ signal }) => {
    await reach(to, signal);
    return true;
  };
}
