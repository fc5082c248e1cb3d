// All kinds of features a route can have, in the order in which they see a request.
import type { FeatureKind } from "../relay/feature.ts";
import { accessLog } from "./access-log.ts";
import { faults } from "./faults.ts";
import { shadow } from "./shadow.ts";
import { shed } from "./shed.ts";

/** What is delayed or cut on purpose is no load yet; what is turned away throws no shadow. */
export const featureKinds: readonly FeatureKind[] = [accessLog, faults, shed, shadow];
