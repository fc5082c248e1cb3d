// The toxic "slow_close": everything passes, but the end only `delay` milliseconds later.
import { after, type Ending, smallRoomBytes, type ToxicKind } from "./toxic.ts";

export const slowClose: ToxicKind = {
  type: "slow_close",
  goName: "SlowCloseToxic",
  attributes: ["delay"],
  roomBytes: smallRoomBytes,
  stage({ delay = 0 }, { clock, next }) {
    let ending: Ending | undefined;
    let cancel = (): void => {};
    return {
      heldBytes: 0,
      take: next.take,
      finish(how) {
        if (ending !== undefined) return;
        ending = how;
        cancel = after(clock, Math.max(0, delay), () => next.finish(how));
      },
      leave() {
        cancel();
        return ending === undefined ? { pieces: [] } : { pieces: [], ending };
      },
    };
  },
};
