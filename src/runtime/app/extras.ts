// Parts that few apps use, made when they are first asked for.
import type { Chaos } from "../chaos/chaos.ts";
import { type Checkpoints, createCheckpoints } from "../checkpoint/checkpoint.ts";
import type { StateFile } from "../events/state-file.ts";
import type { Health } from "../health/health.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Bus } from "../parts/bus.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import { createSynthetic, type Synthetic } from "../synthetic/synthetic.ts";
import { createTuning, type Tuning } from "../tuning/tuning.ts";
import type { AppEnvironment, AppOptions } from "./options.ts";

/** Made when it is first asked for: it may lack what it needs. */
export interface Late<Thing> {
  get(): Thing;
  readonly made: Thing | undefined;
}

export interface Extras {
  readonly synthetic: Late<Synthetic>;
  readonly checkpoints: Late<Checkpoints>;
  readonly tuning: Late<Tuning>;
}

interface Needed {
  readonly life: Lifecycle;
  readonly bus: Bus;
  readonly health: Health;
  readonly chaos: Chaos;
  readonly state: StateFile | undefined;
  readonly env: AppEnvironment;
}

export function makeExtras(
  options: AppOptions,
  around: (part: string) => Surroundings,
  { life, bus, health, chaos, state, env }: Needed,
): Extras {
  const calm = (): boolean => chaos.status().every((target) => target.state === "calm");
  return {
    synthetic: late(() =>
      createSynthetic({
        ...options.synthetic,
        ...around("synthetic"),
        ...{ bus, stopping: life },
        // A missing one is told by name, like any option that cannot be.
        baseUrl: options.url ?? env.url ?? "APP_URL is not set",
      }),
    ),
    checkpoints: late(() =>
      createCheckpoints({
        folder: "",
        ...options.checkpoints,
        ...around("checkpoints"),
        ...{ bus, stopping: life },
      }),
    ),
    tuning: late(() =>
      createTuning({
        ...options.tuning,
        ...around("tuning"),
        ...{ bus, stopping: life },
        ...(state && { kept: state.section("tuning") }),
        // What is measured while the app is sick, or made sick on purpose, says nothing of a setting.
        guard: () => health.summary("ready").ok && calm(),
      }),
    ),
  };
}

function late<Thing>(make: () => Thing): Late<Thing> {
  let made: Thing | undefined;
  return {
    get: () => {
      made ??= make();
      return made;
    },
    get made() {
      return made;
    },
  };
}
