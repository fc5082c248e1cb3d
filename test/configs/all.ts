// Every broken config there is, for the fast test and for the one with real processes.
import type { Broken } from "./broken.ts";
import { misshapen } from "./misshapen.ts";
import { missings } from "./missing.ts";
import { brokenOrders } from "./order.ts";
import { brokenProbes } from "./probes.ts";
import { senseless } from "./senseless.ts";
import { unreadables } from "./unreadable.ts";

export const brokens: readonly Broken[] = [
  ...unreadables,
  ...missings,
  ...misshapen,
  ...senseless,
  ...brokenProbes,
  ...brokenOrders,
];
