// All kinds of features a route can have, in the order in which they see a request.
import type { FeatureKind } from "../relay/feature.ts";

export const featureKinds: readonly FeatureKind[] = [];
