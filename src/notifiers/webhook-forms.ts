// What a webhook posts, in the form that its receiver takes.

import type { Notice } from "./notifier.ts";
import { cut } from "./post.ts";
import { wordsOf } from "./words.ts";

export type WebhookForm = "json" | "slack" | "ntfy" | "alertmanager";

export interface FormWorld {
  /** "shop@host". */
  readonly source: string;
  readonly channel: string;
  /** ntfy only. */
  readonly topic: string;
  /** Ms since the epoch. */
  readonly wallMs: number;
}

type Body = Readonly<Record<string, unknown>>;

export const webhookForms: Readonly<Record<WebhookForm, (it: Notice, world: FormWorld) => Body>> = {
  json: (notice, { source, wallMs }) => ({
    ...{ source, time: new Date(wallMs).toISOString() },
    ...notice,
    status: statusOf(notice),
  }),
  slack: (notice) => ({ text: cut(wordsOf(notice), 40_000) }),
  ntfy: (notice, { topic }) => ({
    topic,
    title: cut(notice.title, 250),
    // 4,096 bytes are shown as text, what is longer as a file; a character has up to four.
    message: cut(wordsOf(notice), 1_000),
    priority: notice.urgent ? 5 : 3,
    tags: [notice.over ? "white_check_mark" : notice.urgent ? "rotating_light" : "wrench"],
    ...(notice.link === undefined ? {} : { click: notice.link }),
  }),
  alertmanager,
};

/** prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4. */
function alertmanager(notice: Notice, { source, channel, wallMs }: FormWorld): Body {
  const status = notice.over ? "resolved" : "firing";
  const time = new Date(wallMs).toISOString();
  const labels = {
    alertname: "HomeostatIncident",
    incident: notice.incident,
    instance: source,
    severity: notice.urgent ? "critical" : "info",
    ...(notice.facts?.service === undefined ? {} : { service: notice.facts.service }),
  };
  const annotations = { summary: notice.title, description: notice.text };
  const never = "0001-01-01T00:00:00Z";
  const generatorURL = notice.link ?? "";
  const alert = {
    ...{ status, labels, annotations, generatorURL },
    startsAt: time,
    endsAt: notice.over ? time : never,
    fingerprint: `${source}/${notice.incident}`,
  };
  return {
    ...{ version: "4", groupKey: `{}:{incident="${notice.incident}"}`, truncatedAlerts: 0 },
    ...{ status, receiver: channel, externalURL: generatorURL },
    ...{ groupLabels: { incident: notice.incident }, commonLabels: labels },
    ...{ commonAnnotations: annotations, alerts: [alert] },
  };
}

function statusOf({ over, asks, urgent }: Notice): string {
  if (over) return "over";
  if (asks) return "asks";
  return urgent ? "urgent" : "info";
}
