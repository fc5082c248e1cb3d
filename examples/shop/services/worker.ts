// The worker: takes orders from the queue and ships them, and says so when it makes no progress.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import { settings } from "./env.ts";
import { type Job, openOrders } from "./orders.ts";
import { serve } from "./serve.ts";
import { sickness } from "./sickness.ts";

const POLL_MS = 100;
/** What packing a parcel takes. */
const SHIP_MS = 20;
const STALLED_AFTER_MS = 2_000;

const env = settings("worker");
const sick = sickness("stall");
const orders = openOrders(env.state);
/** Unlike a process id it never comes back, so a lease of the dead cannot be taken for ours. */
const me = randomUUID();
const stopping = new AbortController();
let shipped = 0;
let finishedAt = Date.now();

const working = work();
serve({
  settings: env,
  sick,
  health,
  routes: {
    "GET /stats": () => ({ status: 200, body: { ...orders.counts(Date.now()), shipped } }),
  },
  stop: async () => {
    stopping.abort();
    await working;
    orders.close();
  },
});

async function work(): Promise<void> {
  while (!stopping.signal.aborted) {
    const job = sick.stalled() ? undefined : orders.claim(me, Date.now());
    if (job) await ship(job);
    else await sleep(POLL_MS);
  }
}

async function ship(job: Job): Promise<void> {
  if (job.attempts > 1) console.log(`worker took over order ${job.id}, attempt ${job.attempts}`);
  await sleep(SHIP_MS);
  if (orders.ship(job, me, Date.now())) {
    shipped++;
    finishedAt = Date.now();
  } else {
    console.log(`worker left order ${job.id}: its lease went to another worker`);
  }
}

function health(): Answer {
  const now = Date.now();
  const { count, since } = orders.waiting(now);
  const idleMs = now - Math.max(finishedAt, since);
  if (count === 0 || idleMs <= STALLED_AFTER_MS) {
    return { status: 200, body: { status: "ok", waiting: count } };
  }
  const reason = `no job finished for ${(idleMs / 1_000).toFixed(1)} s, ${count} waiting`;
  return { status: 503, body: { status: "stalled", reason } };
}
