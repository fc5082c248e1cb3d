// Reports, greetings and conversations for the tests of the link.
import type { AppReport, ToApp } from "../../src/protocol/link.ts";
import type { Hello, Talk } from "../../src/sources/app-link/desk.ts";

/** An app that is well and has nothing. */
export const healthy: AppReport = {
  status: "healthy",
  live: true,
  ready: true,
  started: true,
  stopping: false,
  logLevel: "info",
  level: 0,
  checks: [],
  features: [],
  breakers: [],
  watched: [],
  recoveries: [],
  commands: [],
  left: 0,
  figures: { loop_delay_p99_ms: 12, heap_used_bytes: 40_000_000 },
};

export const sick: AppReport = {
  ...healthy,
  status: "unhealthy",
  reason: "database: password=hunter2 was refused",
  checks: [
    {
      ...{ name: "database", status: "unhealthy", critical: true, reason: "refused" },
      since: "2026-11-21T03:00:00.000Z",
    },
    { name: "cache", status: "healthy", critical: false, since: "2026-11-21T03:00:00.000Z" },
  ],
  features: [
    { name: "search", available: false, why: "its check database is unhealthy" },
    { name: "cart", available: true, why: "nothing speaks against it" },
  ],
  breakers: [
    { name: "prices", state: "open", isolated: false },
    { name: "stock", state: "closed", isolated: false },
  ],
  watched: [
    { id: "mailer#1", kind: "worker", state: "restarting", restarts: 2, lastLoss: "exit code 1" },
    { id: "feed#1", kind: "loop", state: "running", restarts: 0 },
  ],
};

export function hello(over: Partial<Hello> = {}): Hello {
  const base = { kind: "hello", protocol: 1, app: "shop", pid: 100, version: "0.1.0" } as const;
  return { ...base, instance: "web/1", orders: ["drain", "capture"], ...over };
}

export interface FakeTalk extends Talk {
  readonly told: ToApp[];
  /** Why it was refused; "" when it was only ended. */
  over: string | undefined;
}

export function fakeTalk(): FakeTalk {
  const talk: FakeTalk = {
    told: [],
    over: undefined,
    say: (message) => void talk.told.push(message),
    refuse: (why) => {
      talk.over = why;
    },
    end: () => {
      talk.over = "";
    },
  };
  return talk;
}
