// Notifier: a POST of JSON to an address of one's own, signed where a secret is shared.
import { createHmac } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import { unsaid } from "../kernel/unsaid.ts";
import { keepNewest } from "./keep-newest.ts";
import type { Notifier } from "./notifier.ts";
import { type Fetch, post } from "./post.ts";
import { type WebhookForm, webhookForms } from "./webhook-forms.ts";

export interface WebhookOptions {
  readonly name: string;
  /** What stands in it behind the host may be a secret, and is never told. */
  readonly url: string;
  readonly form: WebhookForm;
  /** ntfy only. */
  readonly topic?: string;
  /** Signs the body: `x-homeostat-signature: sha256=` and the HMAC in hex. */
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly source: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch?: Fetch;
}

export function webhookNotifier(options: WebhookOptions): Notifier {
  const { name, url, form, secret, headers = {}, source, clock, random } = options;
  const { fetch = globalThis.fetch, topic = "" } = options;
  const wire = { fetch, clock, unsaid: unsaid(secretsOf(options)) };
  return {
    name,
    send: keepNewest({
      ...{ what: name, clock, random },
      attempt: (notice, signal) => {
        const world = { source, channel: name, topic, wallMs: clock.wall() };
        const body = JSON.stringify(webhookForms[form](notice, world));
        const signed = secret === undefined ? {} : { "x-homeostat-signature": sign(secret, body) };
        return post(wire, url, body, { signal, headers: { ...headers, ...signed } });
      },
    }),
  };
}

function sign(secret: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

function secretsOf({ url, secret, headers = {} }: WebhookOptions): readonly string[] {
  const { href, pathname, search, username, password } = new URL(url);
  const values = Object.values(headers).flatMap((value) => [value, ...value.split(" ")]);
  const parts = [href, pathname, search, username, password, ...pathname.split("/")];
  return [url, ...parts, ...values, ...(secret === undefined ? [] : [secret])];
}
