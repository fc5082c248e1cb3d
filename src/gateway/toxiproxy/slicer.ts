// The toxic "slicer": pieces of about `average_size` bytes, `delay` microseconds apart.
import { below } from "../../kernel/random.ts";
import { paced } from "./paced.ts";
import { smallRoomBytes, type ToxicKind } from "./toxic.ts";

export const slicer: ToxicKind = {
  type: "slicer",
  goName: "SlicerToxic",
  attributes: ["average_size", "size_variation", "delay"],
  roomBytes: smallRoomBytes,
  stage({ average_size: average = 0, size_variation: variation = 0, delay = 0 }, line) {
    const sizeOf = (left: number): number => {
      if (left - average <= variation) return left;
      const off = variation > 0 ? below(line.random, 2 * variation) - variation : 0;
      return Math.min(left, Math.max(1, average + off));
    };
    let isFirst = true;
    return paced(line, ({ piece, cameAtMs }, lastDueMs) => {
      const bytes = sizeOf(piece.length);
      const dueMs = isFirst
        ? Math.max(cameAtMs, lastDueMs)
        : Math.max(cameAtMs, lastDueMs + delay / 1_000);
      isFirst = false;
      return { bytes, dueMs };
    });
  },
};
