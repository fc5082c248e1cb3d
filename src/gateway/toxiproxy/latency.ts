// The toxic "latency": each piece comes later by `latency` ± `jitter` milliseconds, in order.
import { below } from "../../kernel/random.ts";
import { paced } from "./paced.ts";
import type { ToxicKind } from "./toxic.ts";

export const latency: ToxicKind = {
  type: "latency",
  goName: "LatencyToxic",
  attributes: ["latency", "jitter"],
  // The wait must not become a limit of the rate: 1,024 reads of 32 KiB, as Toxiproxy holds them.
  roomBytes: 32 * 1024 * 1024,
  stage({ latency: baseMs = 0, jitter = 0 }, line) {
    return paced(line, ({ piece, cameAtMs }) => {
      const offMs = jitter > 0 ? below(line.random, 2 * jitter) - jitter : 0;
      return { bytes: piece.length, dueMs: cameAtMs + baseMs + offMs };
    });
  },
};
