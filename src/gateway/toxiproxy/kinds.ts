// All kinds of toxics by the name that the API knows them by.
import { bandwidth } from "./bandwidth.ts";
import { latency } from "./latency.ts";
import { limitData } from "./limit-data.ts";
import { noop } from "./noop.ts";
import { resetPeer } from "./reset-peer.ts";
import { slicer } from "./slicer.ts";
import { slowClose } from "./slow-close.ts";
import { timeout } from "./timeout.ts";
import type { ToxicKind } from "./toxic.ts";

export const kinds: ReadonlyMap<string, ToxicKind> = new Map(
  [bandwidth, latency, limitData, noop, resetPeer, slicer, slowClose, timeout].map((kind) => [
    kind.type,
    kind,
  ]),
);
