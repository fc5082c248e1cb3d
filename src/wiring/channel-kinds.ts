// The channels of a config as notifiers; for each bot that takes orders, who listens to it.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { Notifier } from "../notifiers/notifier.ts";
import { pagerdutyNotifier } from "../notifiers/pagerduty.ts";
import { telegramNotifier } from "../notifiers/telegram.ts";
import { telegramApi } from "../notifiers/telegram-api.ts";
import { type ChatOrders, listen } from "../notifiers/telegram-listen.ts";
import { webhookNotifier } from "../notifiers/webhook.ts";
import type { ResolvedChannel } from "./resolve-notify.ts";

export interface ChannelWorld {
  /** Whose incidents these are: "shop@host". */
  readonly source: string;
  readonly clock: Clock;
  readonly random: Random;
}

export interface MadeChannel {
  readonly notifier: Notifier;
  /** "pagerduty, events.pagerduty.com". */
  readonly way: string;
  /** What is told stays there until its end is told. */
  readonly staysOpen: boolean;
  /** Until the signal; absent for what takes no orders. */
  readonly listen?: (orders: ChatOrders, log: Log, signal: AbortSignal) => Promise<void>;
}

export function channelOf(channel: ResolvedChannel, world: ChannelWorld): MadeChannel {
  const { kind, name, url } = channel;
  const way = `${kind}, ${new URL(url).host}`;
  switch (kind) {
    case "pagerduty":
      return { notifier: pagerdutyNotifier({ ...channel, ...world }), way, staysOpen: true };
    case "webhook":
      return { notifier: webhookNotifier({ ...channel, ...world }), way, staysOpen: false };
    case "telegram": {
      const { commands, chats, users } = channel;
      const { clock, random } = world;
      const api = telegramApi({ ...channel, clock });
      const notifier = telegramNotifier({ name, api, chats, buttons: commands, clock, random });
      if (!commands) return { notifier, way, staysOpen: false };
      const hears: MadeChannel["listen"] = (orders, log, signal) =>
        listen({ name, api, users, orders, clock, random, log }, signal);
      return { notifier, way, staysOpen: false, listen: hears };
    }
  }
}
