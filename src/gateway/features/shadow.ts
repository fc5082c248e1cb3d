// Sends a share of the requests without a body to another port too, and throws the answers away.
import type { Random } from "../../kernel/random.ts";
import type { Shadow } from "../../protocol/gateway-features.ts";
import { InstanceConnection } from "../http1/instance-connection.ts";
import { type Asked, fieldOf } from "../relay/asked.ts";
import type { Feature, FeatureKind, FeatureParts } from "../relay/feature.ts";
import type { Home } from "../relay/home.ts";
import { Instance } from "../relay/instance.ts";
import { defaultLimits, type Limits } from "../relay/limits.ts";
import { createSweep } from "../relay/sweep.ts";
import { createStats } from "../stats.ts";
import { Copy } from "./shadow-copy.ts";

export const shadow: FeatureKind = {
  block: (route) => route.shadow,
  create: (route, parts) => {
    if (!route.shadow) throw new TypeError("the route has no shadow");
    return createShadow(route.shadow, parts);
  },
};

const resolutionMs = 50;
const answerBytes = 16 * 1024 * 1024;
const none = { sent: 0, failed: 0, dropped: 0 };

function createShadow(rules: Shadow, { clock, random, counters }: FeatureParts): Feature {
  const { port, share, atOnce, timeoutMs } = rules;
  const counts = { ...none, ...counters.shadow };
  counters.shadow = counts;
  const sweep = createSweep(clock, resolutionMs);
  const limits: Limits = { ...defaultLimits, bodyBytes: answerBytes, idleConnections: atOnce };
  const open = (home: Home): InstanceConnection => new InstanceConnection(home, false);
  const config = { instance: "shadow", port, state: "ready" as const };
  // Counters of its own: a shadow is none of the instances that the loop looks after.
  const counted = createStats().instance("shadow");
  const target = new Instance(config, { clock, limits, sweep, counters: counted, open });
  const copies = new Set<Copy>();
  return {
    admit(asked, nowMs) {
      if (!isMeant(asked, share, random)) return undefined;
      if (copies.size >= atOnce) {
        counts.dropped++;
        return undefined;
      }
      counts.sent++;
      const copy = new Copy(asked, nowMs + timeoutMs, timeoutMs, (ending) => {
        copies.delete(copy);
        sweep.leave(copy);
        target.leave(ending.tally);
        if (ending.kind !== "answered" || ending.tally.failed) counts.failed++;
      });
      copies.add(copy);
      sweep.join(copy);
      target.enter();
      copy.send(target.carry(copy, false, nowMs));
      return undefined;
    },
    close() {
      for (const copy of [...copies]) copy.onDue();
      target.retire();
    },
  };
}

const safe: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** A copy is not copied again, or two services that shadow each other would never end. */
function isMeant(asked: Asked, share: number, random: Random): boolean {
  const { method, framing, upgrades } = asked.head;
  if (!safe.has(method) || framing !== "none" || upgrades) return false;
  return random() < share && fieldOf(asked, "x-homeostat-shadow") === undefined;
}
