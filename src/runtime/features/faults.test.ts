// The faults of the original's features, each shown in a faithful imitation and not found in ours.
import assert from "node:assert/strict";
import { it } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { healthOf } from "../../../test/support/recovery-world.ts";
import { createFeatures } from "./features.ts";

interface Manager {
  register(name: string, feature: () => unknown, needs: string, fallback?: () => unknown): void;
  /** What the app calls when all is registered. */
  start(): void;
  use(name: string): Promise<unknown>;
}

/** The manager of the original: checks by name in a health monitor that may not know them. */
function original(): Manager {
  const services = new Map([["database", "healthy"]]);
  const features = new Map<
    string,
    { check: () => boolean; feature: () => unknown; fallback: (() => unknown) | undefined }
  >();
  const isAvailable = (name: string): boolean => {
    try {
      return features.get(name)?.check() ?? false;
    } catch {
      return false;
    }
  };
  return {
    register: (name, feature, needs, fallback) => {
      const check = (): boolean => {
        const status = services.get(needs);
        if (status === undefined) throw new Error(`KeyError: ${needs}`);
        return status === "healthy";
      };
      features.set(name, { check, feature, fallback });
    },
    start: () => {},
    use: async (name) => {
      const { feature, fallback } = features.get(name) ?? {};
      if (feature && isAvailable(name)) return feature();
      if (fallback) return fallback();
      throw new Error("FeatureUnavailableError");
    },
  };
}

function ours(): Manager {
  const features = createFeatures({ health: healthOf(new Map([["database", "healthy"]])) });
  return {
    register: (name, run, needs, fallback) => {
      features.register(name, { run, dependsOn: [needs], ...(fallback && { fallback }) });
    },
    start: () => features.start(),
    use: async (name) => features.use(name),
  };
}

const both = { imitation: original, ours };

it("fault: a feature asks for a service never registered and is silently unavailable", async () => {
  const shows = /Missing expected exception: it is off for ever, and nobody knows why/;
  await onlyOursHolds<Manager>({ ...both, shows }, (manager) => {
    manager.register("search", () => 1, "database");
    manager.start();
    manager.register("recommendations", () => 1, "recommendation_service");
    const why =
      /recommendations depends on health check "recommendation_service", which is not reg/;
    assert.throws(() => manager.start(), why, "it is off for ever, and nobody knows why");
  });

  const features = createFeatures({ health: healthOf(new Map([["database", "healthy"]])) });
  features.register("recommendations", { run: () => 1, dependsOn: ["recommendation_service"] });
  features.register("search", { run: () => 1, flag: "advanced_search" });
  assert.throws(() => features.start(), {
    code: "OPTION_INVALID",
    message: /; feature search has the flag "advanced_search", which is not set$/,
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
  const shows = /recommendation engine exploded/;
  for (const later of [false, true]) {
    await onlyOursHolds<Manager>({ ...both, shows }, async (manager) => {
      const broken = (): unknown => {
        const error = new Error("recommendation engine exploded");
        if (later) return Promise.reject(error);
        throw error;
      };
      manager.register("recommendations", broken, "database", () => "popular products");
      const using = manager.use("recommendations");
      await assert.doesNotReject(using);
      assert.equal(await using, "popular products");
    });
  }
});
