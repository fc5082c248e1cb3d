// Whom to tell, and how, with every default and every secret filled in.
import type { Config } from "./config.ts";
import type { ChannelConfig, PagerDutyConfig, WebhookConfig } from "./config-notify.ts";
import { ms } from "./defaults.ts";
import { fillSecret, readSecret, type Surroundings } from "./secret.ts";

export type ResolvedChannel = { readonly name: string; readonly url: string } & (
  | {
      readonly kind: "pagerduty";
      readonly routingKey: string;
      readonly severity: NonNullable<PagerDutyConfig["severity"]>;
    }
  | {
      readonly kind: "telegram";
      readonly token: string;
      readonly chats: readonly (number | string)[];
      readonly commands: boolean;
      readonly users: readonly number[];
    }
  | {
      readonly kind: "webhook";
      readonly form: NonNullable<WebhookConfig["form"]>;
      readonly topic?: string;
      readonly secret?: string;
      readonly headers: Readonly<Record<string, string>>;
    }
);

/** Holds secrets: it goes into no log, no journal and no answer. */
export interface ResolvedNotify {
  /** In the order of the config: who is told next when one cannot be reached. */
  readonly channels: readonly ResolvedChannel[];
  readonly urgent: readonly string[];
  readonly info: readonly string[];
  readonly escalateAfterMs: number;
  /** Where people reach the dashboard, without a slash at its end. */
  readonly url: string;
}

export const channelUrls = {
  pagerduty: "https://events.pagerduty.com",
  telegram: "https://api.telegram.org",
} as const;

export function toNotify(
  { notify, dashboard = {} }: Config,
  around: Surroundings,
  port: number,
): ResolvedNotify {
  const { channels = {}, urgent, info, escalateAfter, url } = notify ?? {};
  const resolved = Object.entries(channels).map(([name, it]) => toChannel(name, it, around));
  const { host = "127.0.0.1" } = dashboard;
  const own = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    channels: resolved,
    urgent: urgent ?? resolved.map(({ name }) => name),
    info: info ?? resolved.filter(({ kind }) => kind !== "pagerduty").map(({ name }) => name),
    escalateAfterMs: ms(escalateAfter, 120_000),
    url: (url ?? own).replace(/\/+$/, ""),
  };
}

function toChannel(name: string, config: ChannelConfig, around: Surroundings): ResolvedChannel {
  const filled = (text = "", file?: string): string => {
    const secret = file === undefined ? fillSecret(text, around) : readSecret(file, around);
    return secret.ok ? secret.value : "";
  };
  switch (config.kind) {
    case "pagerduty": {
      const { kind, severity = "critical", routingKey, routingKeyFile } = config;
      const url = filled(config.url ?? channelUrls.pagerduty);
      return { name, kind, url, severity, routingKey: filled(routingKey, routingKeyFile) };
    }
    case "telegram": {
      const { kind, token, tokenFile, chats, commands = false, users = [] } = config;
      const url = filled(config.url ?? channelUrls.telegram);
      return { name, kind, url, token: filled(token, tokenFile), chats, commands, users };
    }
    case "webhook": {
      const { kind, form = "json", topic, secret, secretFile, headers = {} } = config;
      const has = secret !== undefined || secretFile !== undefined;
      return {
        ...{ name, kind, url: filled(config.url), form },
        ...(topic === undefined ? {} : { topic }),
        ...(has ? { secret: filled(secret, secretFile) } : {}),
        headers: Object.fromEntries(
          Object.entries(headers).map(([key, value]) => [key, filled(value)]),
        ),
      };
    }
  }
}

/** Which channels share what they go by, for people: two that do are no two ways. */
export function waysText({ channels, urgent, info, escalateAfterMs }: ResolvedNotify): string {
  if (channels.length === 0) return "nobody is told: people look here, or into the daemon's log";
  const placeOf = ({ kind, url }: ResolvedChannel): string => `${kind}, ${new URL(url).host}`;
  const named = (names: readonly string[]): string =>
    names
      .map((name) => channels.find((it) => it.name === name))
      .map((it) => (it ? `${it.name} (${placeOf(it)})` : ""))
      .join(" and ");
  const reserve = channels.map(({ name }) => name).filter((name) => !urgent.includes(name));
  const next =
    reserve.length === 0
      ? ""
      : `; after ${escalateAfterMs / 1_000} s undelivered to ${reserve.join(", then ")}`;
  return [
    `urgent: ${named(urgent)}${independence(channels.filter(({ name }) => urgent.includes(name)))}${next}`,
    `info: ${info.length === 0 ? "nobody" : named(info)}`,
  ].join("\n");
}

function independence(channels: readonly ResolvedChannel[]): string {
  if (channels.length < 2) return ", one way";
  const hosts = Map.groupBy(channels, ({ url }) => new URL(url).host);
  const shared = [...hosts].filter(([, same]) => same.length > 1);
  if (shared.length === 0) return ", independent of each other";
  const texts = shared.map(
    ([host, same]) => `${same.map(({ name }) => name).join(" and ")} both go by ${host}`,
  );
  return `, ${hosts.size} independent ${hosts.size === 1 ? "way" : "ways"}: ${texts.join("; ")}`;
}
