// Payments: authorises amounts at a (played) provider; a bad config file makes it end with 78.
import { randomUUID } from "node:crypto";
import { watchFile } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Answer, Ask } from "./answer.ts";
import { misconfigured, settings } from "./env.ts";
import { loadConfig, type PaymentsConfig } from "./payments-config.ts";
import { serve } from "./serve.ts";
import { sickness } from "./sickness.ts";

/** Asking for the file's date, not for events: it survives a replace by rename on every system. */
const WATCH_MS = 200;
/** A writer that does not rename may be half done when we look. */
const HALF_WRITTEN_MS = 100;

const env = settings("payments");
const file =
  process.env.PAYMENTS_CONFIG ?? fileURLToPath(new URL("../payments.config.json", import.meta.url));

let { text, config } = firstConfig();
watchFile(file, { interval: WATCH_MS }, reread);

serve({
  settings: env,
  sick: sickness(),
  routes: { "POST /authorise": authorise },
});

async function authorise({ body }: Ask): Promise<Answer> {
  const { amount, currency } = Object(body);
  if (typeof amount !== "number" || !(amount > 0)) {
    return { status: 400, body: { error: "amount: expected a number of cents > 0" } };
  }
  if (currency !== config.currency) return declined(`only ${config.currency} is taken`);
  if (amount > config.limits.max) return declined(`above the limit of ${config.limits.max}`);
  const { name, timeoutMs } = config.provider;
  const providerMs = 3 + Math.random() * 6;
  await sleep(Math.min(providerMs, timeoutMs));
  if (providerMs > timeoutMs) {
    return { status: 504, body: { error: `${name}: no answer within ${timeoutMs} ms` } };
  }
  return { status: 200, body: { authorised: true, id: randomUUID() } };
}

function declined(reason: string): Answer {
  return { status: 402, body: { authorised: false, reason } };
}

function firstConfig(): { text: string; config: PaymentsConfig } {
  const loaded = loadConfig(file);
  return "problem" in loaded ? misconfigured(loaded.problem) : loaded;
}

async function reread(): Promise<void> {
  let loaded = loadConfig(file);
  if ("problem" in loaded) {
    await sleep(HALF_WRITTEN_MS);
    loaded = loadConfig(file);
  }
  if ("problem" in loaded) misconfigured(loaded.problem);
  if (loaded.text === text) return;
  ({ text, config } = loaded);
  console.log(`payments took a changed config: provider ${config.provider.name}`);
}
