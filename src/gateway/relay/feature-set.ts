// The features of one route over its configurations: what is said the same lives on.
import type { Route } from "../../protocol/gateway.ts";
import type { Feature, FeatureKind, FeatureParts } from "./feature.ts";

export interface FeatureSet {
  readonly active: readonly Feature[];
  apply(route: Route): void;
  close(): void;
}

export function createFeatureSet(kinds: readonly FeatureKind[], parts: FeatureParts): FeatureSet {
  const living = new Map<FeatureKind, { readonly said: string; readonly feature: Feature }>();
  const end = (kind: FeatureKind): void => {
    living.get(kind)?.feature.close?.();
    living.delete(kind);
  };
  let active: readonly Feature[] = [];
  const put = (kind: FeatureKind, route: Route): void => {
    const block = kind.block(route);
    const said = block === undefined ? undefined : JSON.stringify(block);
    if (said === living.get(kind)?.said) return;
    end(kind);
    if (said !== undefined) living.set(kind, { said, feature: kind.create(route, parts) });
  };
  return {
    get active() {
      return active;
    },
    apply(route) {
      for (const kind of kinds) put(kind, route);
      active = kinds.flatMap((kind) => living.get(kind)?.feature ?? []);
    },
    close() {
      for (const kind of kinds) end(kind);
      active = [];
    },
  };
}
