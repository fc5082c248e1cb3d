// Faults on purpose: some requests are delayed, answered with an error, or cut off.
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import type { Fault, FaultMatch } from "../../protocol/gateway-features.ts";
import { networksOf } from "../front/networks.ts";
import { type Asked, fieldOf, pathOf } from "../relay/asked.ts";
import type { Feature, FeatureKind, Verdict } from "../relay/feature.ts";
import { isUnder } from "./paths.ts";

export const faults: FeatureKind = {
  block: (route) => (route.faults && route.faults.length > 0 ? route.faults : undefined),
  create: (route, { clock, random, counters }) => {
    const counts = { ...none, ...counters.faults };
    counters.faults = counts;
    return createFaults(route.faults ?? [], { clock, random, counts });
  },
};

const none = { delayed: 0, aborted: 0 };

interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly counts: { delayed: number; aborted: number };
}

/** The first rule that fits and whose turn it is. */
function createFaults(all: readonly Fault[], { clock, random, counts }: Parts): Feature {
  const rules = all.map((fault) => ({ fault, fits: testOf(fault.match) }));
  return {
    admit(asked) {
      const wallMs = clock.wall();
      for (const { fault, fits } of rules) {
        // Chance is asked last: a request that does not fit takes no part in the share.
        if (wallMs >= fault.untilAtMs || !fits(asked) || random() >= fault.share) continue;
        const abort = abortOf(fault);
        if (abort) counts.aborted++;
        if (fault.delayMs === 0 && fault.jitterMs === 0) return abort;
        counts.delayed++;
        const spreadMs = fault.jitterMs * (2 * random() - 1);
        const afterMs = Math.max(0, fault.delayMs + spreadMs);
        return { kind: "later", afterMs, ...(abort ? { verdict: abort } : {}) };
      }
      return undefined;
    },
  };
}

function abortOf({ abort }: Fault): Verdict | undefined {
  if (abort === undefined) return undefined;
  if (abort === "cut") return { kind: "cut" };
  const error = "a fault that was ordered; no instance has seen this request";
  return {
    kind: "reply",
    reply: { status: abort, error, fields: { "x-homeostat-fault": "1" } },
  };
}

type Test = (asked: Asked) => boolean;

function testOf({ path, method, header = {}, client }: FaultMatch): Test {
  const tests: Test[] = [];
  if (method !== undefined) tests.push(({ head }) => head.method === method);
  if (path !== undefined) tests.push((asked) => isUnder(pathOf(asked), path));
  for (const [name, value] of Object.entries(header)) {
    tests.push((asked) => fieldOf(asked, name) === value);
  }
  if (client !== undefined) {
    const network = networksOf([client]);
    tests.push(({ peer }) => network.has(peer.address));
  }
  return (asked) => tests.every((test) => test(asked));
}
