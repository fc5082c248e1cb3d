// The toxic "noop": everything passes; also what a connection gets that toxicity spares.
import { nothingLeft, smallRoomBytes, type ToxicKind } from "./toxic.ts";

export const noop: ToxicKind = {
  type: "noop",
  goName: "NoopToxic",
  attributes: [],
  roomBytes: smallRoomBytes,
  stage: (_, { next }) => ({
    heldBytes: 0,
    take: next.take,
    finish: next.finish,
    leave: () => nothingLeft,
  }),
};
