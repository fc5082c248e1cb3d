// Every notifier of ours keeps to the contract.
import { createLog, formatJson } from "../kernel/log.ts";
import { type NotifierUnderTest, notifierConformance } from "../testing/notifier-conformance.ts";
import { seeded } from "../testing/seeded.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { logNotifier } from "./log.ts";
import type { Notifier } from "./notifier.ts";
import { pagerdutyNotifier } from "./pagerduty.ts";
import type { Fetch } from "./post.ts";
import { telegramNotifier } from "./telegram.ts";
import { telegramApi } from "./telegram-api.ts";
import { webhookNotifier } from "./webhook.ts";
import type { WebhookForm } from "./webhook-forms.ts";

notifierConformance("log", (): NotifierUnderTest => {
  const lines: string[] = [];
  const options = { level: "info", wall: () => 0 } as const;
  const full = (): never => {
    throw new Error("ENOSPC: no space left on device");
  };
  return {
    notifier: logNotifier(createLog({ ...options, write: (it) => lines.push(formatJson(it)) })),
    received: () => lines,
    unreachable: logNotifier(createLog({ ...options, write: full })),
  };
});

interface World {
  readonly clock: SimClock;
  readonly random: () => number;
  readonly fetch: Fetch;
}

const source = "shop@host";
const url = "https://hooks.example.com/services/T0/B1/secret";
const webhook = (form: WebhookForm) => (world: World) =>
  webhookNotifier({ name: "hook", url, form, topic: "alerts", source, ...world });

const kinds: Readonly<Record<string, (world: World) => Notifier>> = {
  pagerduty: (world) => {
    const severity = "critical" as const;
    const pager = { name: "pager", routingKey: "k".repeat(32), severity };
    return pagerdutyNotifier({ ...pager, url: "https://events.example.com", source, ...world });
  },
  telegram: (world) => {
    const api = telegramApi({ token: "1:token", url: "https://bots.example.com", ...world });
    return telegramNotifier({ name: "chat", api, chats: [7], buttons: true, ...world });
  },
  webhook: webhook("json"),
  "webhook for Slack": webhook("slack"),
};

for (const [name, make] of Object.entries(kinds)) {
  notifierConformance(name, () => underTest(make));
}

function underTest(make: (world: World) => Notifier): NotifierUnderTest {
  const bodies: string[] = [];
  const clock = simClock();
  const world = (fetch: Fetch): World => ({ clock, random: seeded(1), fetch });
  let over = false;
  // Who paces what leaves needs time to pass.
  const run = async (): Promise<void> => {
    while (!over) await clock.advance(250);
  };
  void run();
  return {
    notifier: make(
      world(async (_, { body }) => {
        bodies.push(String(body));
        return new Response("{}", { status: 200 });
      }),
    ),
    unreachable: make(world(async () => new Response("not authorized", { status: 401 }))),
    silent: make(world(() => new Promise(() => {}))),
    received: () => bodies,
    cleanup: () => {
      over = true;
    },
  };
}
