// Asks for the lease again and again: to get it while it is not held, to keep it while it is.
import type { Surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import { asked } from "./asked.ts";
import type { Times } from "./leader-options.ts";
import type { Acquired, Lease } from "./lease.ts";
import type { Reach } from "./reach.ts";
import type { Term } from "./term.ts";

/** What the campaign needs to know and to tell. */
export interface Seat {
  readonly term: Term | undefined;
  /** Milliseconds for which it does not compete. */
  readonly heldOffMs: number;
  begin(token: number, untilMs: number): void;
  /** A lease that came when it is not wanted any more. */
  giveBack(token: number): void;
}

export interface CampaignOptions extends Surroundings {
  readonly lease: Lease;
  readonly holder: string;
  readonly times: Times;
  readonly seat: Seat;
  readonly reach: Reach;
}

/** Goes on until `life` aborts; never rejects unless `seat` throws. */
export async function campaign(options: CampaignOptions, life: AbortSignal): Promise<void> {
  const { clock, random, times, seat } = options;
  const { renewMs, jitter } = times;
  // Replicas that start together do not all ask at once, and not always the same one is first.
  let pauseMs = renewMs * jitter * random();
  while (await wait(clock, pauseMs, life)) {
    if (seat.heldOffMs > 0) pauseMs = seat.heldOffMs;
    else pauseMs = seat.term ? await renew(options, seat.term, life) : await acquire(options, life);
  }
}

/** Milliseconds until the next question. */
async function acquire(options: CampaignOptions, life: AbortSignal): Promise<number> {
  const { clock, random, lease, holder, times, seat, reach } = options;
  const { ttlMs, renewMs, trustMs, jitter } = times;
  const askedAtMs = clock.now();
  const answer = await asked<Acquired>(
    clock,
    renewMs,
    life,
    (signal) => lease.acquire(holder, ttlMs, signal),
    // Not before: it may be the answer to a question that reached the store after the one by which we
    // lead, and to give it back would free what we believe to have.
    (late) => "token" in late && life.aborted && seat.giveBack(late.token),
  );
  reach.heard(answer);
  if ("error" in answer) return retryMs(options);
  const { value } = answer;
  if (!("token" in value)) {
    return Math.min(renewMs, value.untilMs ?? renewMs) + renewMs * jitter * random();
  }
  // From when it was asked for: when the store decided is not known, only that it was not before.
  const untilMs = askedAtMs + trustMs;
  if (life.aborted || seat.heldOffMs > 0 || clock.now() >= untilMs) seat.giveBack(value.token);
  else seat.begin(value.token, untilMs);
  return shortened(options, renewMs);
}

async function renew(options: CampaignOptions, term: Term, life: AbortSignal): Promise<number> {
  const { clock, lease, holder, times, reach } = options;
  const { ttlMs, renewMs, trustMs } = times;
  const askedAtMs = clock.now();
  const answer = await asked(clock, Math.min(renewMs, term.leftMs), life, (signal) =>
    lease.renew(holder, term.token, ttlMs, signal),
  );
  if (!life.aborted) reach.heard(answer);
  if ("error" in answer) return retryMs(options);
  if (answer.value) term.prove(askedAtMs + trustMs);
  else term.end("taken");
  return shortened(options, renewMs);
}

const retryMs = (options: CampaignOptions): number => shortened(options, options.times.renewMs / 4);

function shortened({ random, times }: CampaignOptions, ms: number): number {
  return ms * (1 - times.jitter * random());
}
