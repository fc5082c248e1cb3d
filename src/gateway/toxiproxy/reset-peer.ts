// The toxic "reset_peer": `timeout` milliseconds after the first byte, TCP RST on both sides.
import { after, nothingLeft, smallRoomBytes, type ToxicKind } from "./toxic.ts";

export const resetPeer: ToxicKind = {
  type: "reset_peer",
  goName: "ResetToxic",
  attributes: ["timeout"],
  roomBytes: smallRoomBytes,
  stage({ timeout: timeoutMs = 0 }, { clock, next }) {
    let cancel: (() => void) | undefined;
    const trip = (): void => {
      cancel ??= after(clock, Math.max(0, timeoutMs), () => next.finish("reset"));
    };
    return {
      heldBytes: 0,
      take: trip,
      finish: trip,
      leave() {
        cancel?.();
        return cancel ? { pieces: [], ending: "reset" } : nothingLeft;
      },
    };
  },
};
