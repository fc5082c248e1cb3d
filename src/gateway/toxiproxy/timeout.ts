// The toxic "timeout": nothing passes; after `timeout` milliseconds without a byte, the end.
import { after, smallRoomBytes, type ToxicKind } from "./toxic.ts";

export const timeout: ToxicKind = {
  type: "timeout",
  goName: "TimeoutToxic",
  attributes: ["timeout"],
  roomBytes: smallRoomBytes,
  stage({ timeout: timeoutMs = 0 }, { clock, next }) {
    let cancel = (): void => {};
    const wait = (): void => {
      cancel();
      if (timeoutMs > 0) cancel = after(clock, timeoutMs, () => next.finish("close"));
    };
    wait();
    return {
      heldBytes: 0,
      take: wait,
      finish(how) {
        cancel();
        next.finish(how);
      },
      leave(isRemoved) {
        cancel();
        // Bytes have been lost: what would follow now belongs to nothing.
        return isRemoved ? { pieces: [], ending: "close" } : { pieces: [] };
      },
    };
  },
};
