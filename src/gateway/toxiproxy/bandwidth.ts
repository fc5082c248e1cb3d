// The toxic "bandwidth": at most `rate` kilobytes a second; nothing at all with a rate of 0.
import { paced } from "./paced.ts";
import { smallRoomBytes, type ToxicKind } from "./toxic.ts";

/** A slow line lets something through ten times a second. */
const portionMs = 100;

export const bandwidth: ToxicKind = {
  type: "bandwidth",
  goName: "BandwidthToxic",
  attributes: ["rate"],
  roomBytes: smallRoomBytes,
  stage({ rate = 0 }, line) {
    return paced(line, ({ piece, cameAtMs }, lastDueMs) => {
      if (rate <= 0) return { bytes: piece.length, dueMs: Number.POSITIVE_INFINITY };
      // A kilobyte is 1,000 bytes, so the rate is in bytes a millisecond as well.
      const bytes = Math.min(piece.length, rate * portionMs);
      return { bytes, dueMs: Math.max(cameAtMs, lastDueMs) + bytes / rate };
    });
  },
};
