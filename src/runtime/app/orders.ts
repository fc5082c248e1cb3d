// What an app does when the daemon orders it: each order is a wish that one of its parts fulfils.
import { HomeostatError } from "../../kernel/errors.ts";
import type { ListedBreaker } from "../../policies/registry.ts";
import { writeDiscreetReport } from "../lifecycle/report.ts";
import { createCaptures } from "../link/captures.ts";
import type { Orders } from "../link/orders.ts";
import type { Commands } from "./commands.ts";
import type { Parts } from "./parts.ts";

/** The breaker's name as the daemon knows it. */
export function breakerName({ name, key }: ListedBreaker): string {
  return key === undefined ? name : `${name}:${key}`;
}

export function ordersOf(parts: Parts, commands: Commands): Orders {
  const { health, features, log, recovery, life, clock } = parts;
  const held = createHeld();
  return {
    drain: (on, { by }) => {
      if (!on) return held.release("drain") ? "back in traffic" : "it was in traffic";
      held.hold("drain", () => health.unready(`drained by ${by}`));
      return "out of traffic";
    },
    degrade: (level, { by }) => {
      features.degrade(level, by);
      return level === 0 ? "restored" : `degraded to level ${level}`;
    },
    feature: ({ name, state, forMs }, { by }) => {
      known(
        "feature",
        name,
        features.list().map((feature) => feature.name),
      );
      const key = `feature ${name}`;
      if (state === "auto") {
        held.release(key);
        return `feature ${name} follows its own rules`;
      }
      const during = forMs === undefined ? { by } : { by, forMs };
      held.hold(key, () => features.override(name, state, during));
      return `feature ${name} is ${state}`;
    },
    breaker: ({ name, state }) => {
      const key = `breaker ${name}`;
      const { breaker } = breakerOf(parts, name);
      if (state === "open") held.hold(key, () => breaker.isolate());
      else held.release(key);
      if (state === "closed") breaker.reset();
      return `breaker ${name} is ${state === "auto" ? breaker.state : state}`;
    },
    logLevel: (level) => {
      log.setLevel(level);
      return `log level ${level}`;
    },
    capture: createCaptures({
      clock,
      writeReport: writeDiscreetReport,
      open: () =>
        life
          .open()
          .map(({ kind, endpoint, createdAt = "" }) => `${kind} ${endpoint} ${createdAt}`.trim())
          .join("\n"),
    }),
    do: async (name, { signal }) => {
      const answer = await commands.run(name, signal);
      return typeof answer === "string" ? `${name}: ${answer}` : `${name}: done`;
    },
    recover: (type, source) => {
      known(
        "failure",
        `${type} of ${source}`,
        recovery.list().map((one) => `${one.type} of ${one.source}`),
      );
      recovery.reset(type, source);
      return `${type} of ${source} may be tried again at once`;
    },
  };
}

function breakerOf({ policies }: Parts, name: string): ListedBreaker {
  const all = policies.breakers();
  known("breaker", name, all.map(breakerName));
  const found = all.find((one) => breakerName(one) === name);
  if (found) return found;
  throw new HomeostatError("UNKNOWN_ID", `there is no breaker "${name}"`);
}

/** @throws UNKNOWN_ID with the names there are. */
function known(what: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const others = names.slice(0, 20).join(", ") || "none";
  throw new HomeostatError("UNKNOWN_ID", `there is no ${what} "${name}", but: ${others}`);
}

/** What is held until it is told otherwise; told twice, it is held once. */
function createHeld() {
  const held = new Map<string, Disposable>();
  const release = (key: string): boolean => {
    held.get(key)?.[Symbol.dispose]();
    return held.delete(key);
  };
  return {
    release,
    hold: (key: string, take: () => Disposable): void => {
      // The new one first: between the two it must not be let go.
      const next = take();
      release(key);
      held.set(key, next);
    },
  };
}
