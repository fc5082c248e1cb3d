// What a config says about whom to tell, and how, as people write it.
import type { Duration } from "../kernel/duration.ts";

/** Secrets are written as `${NAME}`, a variable of the environment, or lie in a file of their own. */
export interface PagerDutyConfig {
  readonly kind: "pagerduty";
  /** Of an integration "Events API v2". Exactly one of routingKey and routingKeyFile. */
  readonly routingKey?: string;
  readonly routingKeyFile?: string;
  /** Of what is urgent. Default critical. */
  readonly severity?: "critical" | "error" | "warning" | "info";
  /** Default https://events.pagerduty.com; https://events.eu.pagerduty.com for accounts in the EU. */
  readonly url?: string;
}

export interface TelegramConfig {
  readonly kind: "telegram";
  /** Of the bot. Exactly one of token and tokenFile. */
  readonly token?: string;
  readonly tokenFile?: string;
  /** Numbers of chats, or "@channel". */
  readonly chats: readonly (number | string)[];
  /** Whether people may answer questions and send /status, /pause and /resume. Default false. */
  readonly commands?: boolean;
  /** Who may: numbers of users. Nobody else gets an answer. */
  readonly users?: readonly number[];
  /** Default https://api.telegram.org. */
  readonly url?: string;
}

export interface WebhookConfig {
  readonly kind: "webhook";
  readonly url: string;
  /** Default json: everything that is known, as one object. */
  readonly form?: "json" | "slack" | "ntfy" | "alertmanager";
  /** ntfy only. */
  readonly topic?: string;
  /** Signs the body with HMAC-SHA256, in `x-homeostat-signature`. */
  readonly secret?: string;
  readonly secretFile?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type ChannelConfig = PagerDutyConfig | TelegramConfig | WebhookConfig;

export interface NotifyConfig {
  readonly channels: Readonly<Record<string, ChannelConfig>>;
  /** Who is told when a person is needed, all at once. Default: all channels. */
  readonly urgent?: readonly string[];
  /** Who is told what was done, and asked. Default: all channels that are no pager. */
  readonly info?: readonly string[];
  /** What is urgent and undelivered for so long goes to the next channel. Default 2m. */
  readonly escalateAfter?: Duration;
  /** Where people reach the dashboard. Default: its own address on this machine. */
  readonly url?: string;
}
