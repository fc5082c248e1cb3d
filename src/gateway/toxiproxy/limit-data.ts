// The toxic "limit_data": the connection ends when `bytes` have passed.
import { nothingLeft, smallRoomBytes, type ToxicKind } from "./toxic.ts";

export const limitData: ToxicKind = {
  type: "limit_data",
  goName: "LimitDataToxic",
  attributes: ["bytes"],
  roomBytes: smallRoomBytes,
  stage({ bytes = 0 }, { next, memory }) {
    return {
      heldBytes: 0,
      take(piece, cameAtMs) {
        const left = Math.max(0, bytes - memory.passedBytes);
        const passed = piece.subarray(0, left);
        memory.passedBytes += passed.length;
        if (passed.length > 0) next.take(passed, cameAtMs);
        if (memory.passedBytes >= bytes) next.finish("close");
      },
      finish: next.finish,
      leave: () => nothingLeft,
    };
  },
};
