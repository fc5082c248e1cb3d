// A shop that lives: eight instances with readings, beats and incidents, as the API shows them.
import type {
  Beat,
  IncidentDetail,
  InstanceView,
  ServiceView,
  StateView,
} from "../../src/protocol/api.ts";
import { approval, approvalMs, asked, commonCause, escalated, hang, verifyForMs } from "./story.ts";

export type Scene = "calm" | "healing" | "approval";

interface Kind {
  readonly name: string;
  readonly replicas: number;
  readonly port?: number;
  readonly dependsOn: readonly string[];
  readonly requests?: number;
  readonly p95: number;
  readonly rssMiB: number;
  readonly cpu: number;
}

const kinds: readonly Kind[] = [
  {
    name: "web",
    replicas: 2,
    port: 8080,
    dependsOn: ["catalog", "payments"],
    requests: 212,
    p95: 48,
    rssMiB: 118,
    cpu: 0.21,
  },
  {
    name: "catalog",
    replicas: 2,
    port: 8081,
    dependsOn: ["recommendations"],
    requests: 164,
    p95: 31,
    rssMiB: 171,
    cpu: 0.34,
  },
  {
    name: "payments",
    replicas: 2,
    port: 8082,
    dependsOn: [],
    requests: 9.4,
    p95: 140,
    rssMiB: 96,
    cpu: 0.04,
  },
  {
    name: "recommendations",
    replicas: 1,
    port: 8083,
    dependsOn: [],
    requests: 88,
    p95: 22,
    rssMiB: 240,
    cpu: 0.18,
  },
  { name: "worker", replicas: 1, dependsOn: ["payments"], p95: 0, rssMiB: 74, cpu: 0.02 },
];

const minute = 60_000;

/** Smooth and repeatable: the same target at the same second always reads the same. */
function wobble(target: string, metric: string, second: number): number {
  let seed = 7;
  for (const letter of target + metric) seed = (seed * 31 + letter.charCodeAt(0)) % 9_973;
  return (
    1 +
    0.08 * Math.sin(second / 23 + seed) +
    0.05 * Math.sin(second / 7.3 + seed * 2) +
    0.03 * Math.sin(second * 1.7 + seed * 3)
  );
}

export interface Shop {
  scene: Scene;
  state(now: number): StateView;
  incident(id: string, now: number): IncidentDetail | undefined;
  value(target: string, metric: string, at: number): number | undefined;
  unit(metric: string): string;
  pause(by: string, reason: string, now: number): void;
  resume(): void;
  answer(id: string): boolean;
}

export function openShop(startedAt: number): Shop {
  let paused: StateView["paused"];
  let answered = false;
  let seq = 4_210;
  /** First sign of the hang: a little before the page is opened. */
  const hungAt = startedAt - 20_000;
  const askedAt = startedAt - 42_000;

  const beatAt = (target: string, at: number, scene: Scene): Beat => {
    const into = at - hungAt;
    if (scene === "healing" && target === "catalog/1") {
      if (into >= 0 && into < 5_140) return into < 2_000 ? "sick" : "sick";
      if (into >= 5_140 && into < 7_400) return "down";
      if (into >= 7_400 && into < 8_900) return "busy";
    }
    if (scene === "healing" && target.startsWith("web/") && into >= 1_000 && into < 4_000)
      return "sick";
    if (scene === "healing" && target === "catalog/2" && into >= -14_000 && into < 5_000) {
      return into < -12_000 ? "none" : into < -11_000 ? "down" : "busy";
    }
    if (scene === "approval" && target === "recommendations/1" && at > askedAt) return "sick";
    return "ok";
  };

  const value = (target: string, metric: string, at: number): number | undefined => {
    const kind = kinds.find((one) => target.startsWith(`${one.name}/`));
    if (kind === undefined) return undefined;
    const second = Math.floor(at / 1_000);
    const shape = wobble(target, metric, second);
    const beat = beatAt(target, at, shop.scene);
    const hung = beat === "sick" && target === "catalog/1";
    const away = beat === "down" || beat === "none";
    switch (metric) {
      case "process.cpu":
        return away ? 0 : hung ? 0.99 : kind.cpu * shape;
      case "process.rss": {
        const leak = shop.scene === "approval" && kind.name === "recommendations";
        const grown = leak
          ? Math.max(0, 812 - (askedAt + minute - at) / 1_600)
          : kind.rssMiB * (0.9 + shape / 10);
        return away ? 0 : grown * 1_048_576;
      }
      case "gateway.requests":
        if (kind.requests === undefined) return undefined;
        return away || hung ? 0 : (kind.requests / kind.replicas) * shape;
      case "gateway.p95":
        if (kind.requests === undefined) return undefined;
        return beat === "sick" && !hung && shop.scene === "healing" ? 1_900 : kind.p95 * shape;
      case "gateway.errors":
        return kind.requests === undefined ? undefined : kind.name === "payments" ? 0.004 : 0;
      default:
        return undefined;
    }
  };

  const instance = (kind: Kind, index: number, now: number): InstanceView => {
    const target = `${kind.name}/${index}`;
    const beats = Array.from({ length: 60 }, (_, at) =>
      beatAt(target, now - (59 - at) * 1_000, shop.scene),
    );
    const latest: Record<string, number> = {};
    for (const metric of [
      "process.cpu",
      "process.rss",
      "gateway.requests",
      "gateway.p95",
      "gateway.errors",
    ]) {
      const read = value(target, metric, now);
      if (read !== undefined) latest[metric] = read;
    }
    const actedBeat = 59 - Math.floor((now - hungAt - 5_140) / 1_000);
    const marked = shop.scene === "healing" && target === "catalog/1" && actedBeat >= 0;
    const last = beats.at(-1);
    const sick = last === "sick";
    return {
      target,
      state: last === "down" ? "down" : last === "busy" ? "starting" : "ready",
      health: sick ? "sick" : last === "ok" ? "healthy" : "unknown",
      ...(sick ? { note: "812 MiB resident, limit 512 MiB, for 1 min" } : {}),
      pid: 41_200 + index + kind.name.length * 10,
      port: 43_100 + index + kind.name.length * 10,
      uptimeMs:
        target === "catalog/1" && shop.scene === "healing"
          ? now - hungAt - 7_400
          : 11_640_000 + (now - startedAt),
      ...{ latest, beats },
      marks: marked ? [{ beat: actedBeat, action: "restart", incident: "7" }] : [],
    };
  };

  const service = (kind: Kind, now: number): ServiceView => {
    const instances = Array.from({ length: kind.replicas }, (_, at) => instance(kind, at + 1, now));
    const sick = instances.some((one) => one.health === "sick");
    const verifying =
      shop.scene === "healing" && kind.name === "catalog" && now < hungAt + 8_020 + verifyForMs;
    return {
      name: kind.name,
      ...(kind.port === undefined ? {} : { port: kind.port }),
      dependsOn: kind.dependsOn,
      replicas: kind.replicas,
      health: sick || verifying ? "degraded" : "healthy",
      ...(verifying
        ? { note: "catalog/1 was restarted and is being watched; catalog/2 takes its traffic" }
        : {}),
      instances,
    };
  };

  const details = (now: number): readonly IncidentDetail[] => {
    if (shop.scene === "calm") return [];
    const past = [
      commonCause(startedAt - 3 * 60 * minute, now),
      { ...hang(startedAt - 26 * 60 * minute, now), id: "5" },
      escalated(startedAt - 51 * 60 * minute, now),
    ];
    const first = shop.scene === "healing" ? hang(hungAt, now) : asked(askedAt - minute, now);
    return [first, ...past];
  };

  const verdict = (now: number): StateView["verdict"] => {
    if (paused !== undefined) {
      const open =
        shop.scene === "calm"
          ? "No incident is open."
          : "1 incident is open and nothing is done about it.";
      return { tone: "stopped", text: `Healing is stopped. ${open}` };
    }
    const doneMs = now - hungAt - 5_140;
    const healthyMs = now - hungAt - 8_020;
    if (shop.scene === "healing" && healthyMs < verifyForMs) {
      const text = `Healing catalog/1: event loop blocked in resizeThumbnail, restarted ${Math.floor(doneMs / 1_000)} s ago, verifying ${Math.floor(healthyMs / 1_000)}/30 s. No action needed.`;
      return { tone: "healing", text };
    }
    if (shop.scene === "approval" && !answered) {
      return {
        tone: "attention",
        text: "recommendations/1 leaks memory and ends in about 14 min. May it be restarted? Your answer is needed.",
      };
    }
    if (shop.scene === "healing") {
      return {
        tone: "ok",
        text: "All 8 instances are well. catalog/1 hung and was healed by a restart. No action needed.",
      };
    }
    return { tone: "ok", text: "All 8 instances are well. No action needed." };
  };

  const shop: Shop = {
    scene: "healing",
    value,
    unit: (metric) =>
      ({
        "process.cpu": "ratio",
        "process.rss": "bytes",
        "gateway.requests": "per_s",
        "gateway.p95": "ms",
      })[metric] ?? "count",
    pause(by, reason, now) {
      paused = { by, reason, since: new Date(now).toISOString() };
    },
    resume() {
      paused = undefined;
    },
    answer(id) {
      if (shop.scene !== "approval" || answered || id !== "P3") return false;
      answered = true;
      return true;
    },
    incident: (id, now) => details(now).find((one) => one.id === id),
    state(now) {
      seq += 1;
      return {
        project: "shop",
        version: "0.1.0",
        time: new Date(now).toISOString(),
        seq,
        verdict: verdict(now),
        ...(paused === undefined ? {} : { paused }),
        services: kinds.map((kind) => service(kind, now)),
        incidents: details(now).map(({ incident: _, timeline: __, ...view }) => view),
        approvals:
          shop.scene === "approval" && !answered
            ? [{ ...approval(0), expiresInMs: askedAt + approvalMs - now }]
            : [],
        lessons: shop.scene === "calm" ? [] : lessons,
      };
    },
  };
  return shop;
}

const lessons: StateView["lessons"] = [
  {
    signature: "catalog:hang:resizeThumbnail",
    action: "restart",
    tried: 4,
    verified: 4,
    notHelped: 0,
    meanRecoveryMs: 2_880,
  },
  {
    signature: "payments:common-cause",
    action: "degrade",
    tried: 7,
    verified: 6,
    notHelped: 1,
    meanRecoveryMs: 7_130,
  },
  {
    signature: "worker:crash-loop:78",
    action: "restart",
    tried: 3,
    verified: 0,
    notHelped: 3,
    meanRecoveryMs: 0,
  },
];
