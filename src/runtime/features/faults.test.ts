// The faults of the original's features, each shown in a faithful imitation and not found in ours.
import assert from "node:assert/strict";
import { it } from "node:test";
import { healthOf } from "../../../test/support/recovery-world.ts";
import { createFeatures } from "./features.ts";

/** The manager of the original: checks by name in a health monitor that may not know them. */
function original(services: Record<string, { readonly status: string }>) {
  const features = new Map<string, { check: () => boolean; fallback?: () => unknown }>();
  const isAvailable = (name: string): boolean => {
    try {
      return features.get(name)?.check() ?? false;
    } catch {
      return false;
    }
  };
  return {
    healthOf: (service: string): boolean => {
      const found = services[service];
      if (!found) throw new Error(`KeyError: ${service}`);
      return found.status === "healthy";
    },
    register: (name: string, check: () => boolean, fallback?: () => unknown) =>
      features.set(name, fallback ? { check, fallback } : { check }),
    isAvailable,
    use: (name: string, feature: () => unknown): unknown => {
      if (isAvailable(name)) return feature();
      const fallback = features.get(name)?.fallback;
      if (fallback) return fallback();
      throw new Error("FeatureUnavailableError");
    },
  };
}

it("fault: a feature asks for a service never registered and is silently unavailable", () => {
  const theirs = original({ database: { status: "healthy" } });
  theirs.register("recommendations", () => theirs.healthOf("recommendation_service"));
  assert.equal(theirs.isAvailable("recommendations"), false, "the original: and nobody knows why");

  const health = healthOf(new Map([["database", "healthy"]]));
  const features = createFeatures({ health });
  features.register("recommendations", {
    run: () => 1,
    dependsOn: ["database", "recommendation_service"],
  });
  features.register("search", { run: () => 1, flag: "advanced_search" });
  assert.throws(() => features.start(), {
    code: "OPTION_INVALID",
    message:
      'feature recommendations depends on health check "recommendation_service", which is not ' +
      'registered; feature search has the flag "advanced_search", which is not set',
  });
  assert.match(
    features.list()[0]?.why.text ?? "",
    /no health check called "recommendation_service"/,
  );
  const alone = createFeatures();
  alone.register("a", { run: () => 1, dependsOn: ["database"] });
  assert.throws(() => alone.start(), /health check "database", which is not registered/);
});

it("fault: when the feature function itself throws, the fallback is not used", async () => {
  const broken = (): never => {
    throw new Error("recommendation engine exploded");
  };
  const theirs = original({});
  const popular = () => "popular products";
  theirs.register("recommendations", () => true, popular);
  assert.throws(() => theirs.use("recommendations", broken), /exploded/);

  const features = createFeatures();
  features.register("recommendations", { run: broken, fallback: popular });
  assert.equal(await features.use("recommendations"), "popular products");
  const later = async (): Promise<string> => broken();
  features.register("later", { run: later, fallback: popular });
  assert.equal(await features.use("later"), "popular products");
});
