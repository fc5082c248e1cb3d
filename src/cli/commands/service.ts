// Commands about one service or a group: stop, start; and run, which follows a job to its end.
import { systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { InstanceView, JobView, StateView } from "../../protocol/api.ts";
import { type Client, connect, type GlobalOptions, whereIs } from "../context.ts";
import { paint, say, sayJson } from "../print.ts";
import { wholeOption } from "../usage.ts";
import { type Watched, watching } from "../watching.ts";

interface Steps {
  readonly steps: readonly string[];
}

const path = (name: string, what: string): string =>
  `/api/services/${encodeURIComponent(name)}/${what}`;

/** Shown while it lasts. */
function ordered(
  name: string,
  what: string,
  options: GlobalOptions,
  isDone: Watched["isDone"],
): Promise<Steps> {
  const client = connect(whereIs(options));
  const isMeant: Watched["isMeant"] = (it) => it.name === name || it.partOf === name;
  const quiet = options.json === true;
  return watching({ client, isMeant, isDone, quiet }, client.post<Steps>(path(name, what)));
}

export async function stop(name: string, options: GlobalOptions): Promise<void> {
  const isDone = (_: string, { state }: InstanceView): boolean => state === "down";
  const answer = await ordered(name, "stop", options, isDone);
  if (options.json) return sayJson(answer);
  for (const step of answer.steps) say(`  ${step}`);
  const end = `Nothing but people starts it again: homeostat start ${name}`;
  say(`${paint("warn", `${name} is stopped.`)} ${end}`);
}

export async function start(name: string, options: GlobalOptions): Promise<void> {
  const isDone = (word: string): boolean => word === "healthy" || word === "completed";
  const answer = await ordered(name, "start", options, isDone);
  if (options.json) return sayJson(answer);
  for (const step of answer.steps) say(`  ${step}`);
}

const replicasMax = 64;

export async function scale(name: string, count: string, options: GlobalOptions): Promise<void> {
  const wanted = wholeOption("scale: <count>", count, 1, replicasMax);
  const isDone = (word: string, now: InstanceView): boolean =>
    word === "healthy" || (now.state === "down" && word === "stopped");
  const answer = await ordered(name, `scale/${wanted}`, options, isDone);
  if (options.json) return sayJson(answer);
  for (const step of answer.steps) say(`  ${step}`);
  const until = paint("dim", "until homeostat down; to keep it, set replicas in the config.");
  say(`${paint("good", `${name} has ${wanted}`)}, ${until}`);
}

export interface RunOptions extends GlobalOptions {
  readonly detach?: boolean;
}

/** @throws JOB_FAILED for a job that did not complete. */
export async function runJob(name: string, options: RunOptions): Promise<void> {
  const client = connect(whereIs(options));
  const asked = await client.post<{ readonly ended: number }>(path(name, "run"));
  if (options.detach) {
    if (options.json) return sayJson(asked);
    return say(`${name} runs. Its end: homeostat status`);
  }
  if (!options.json) say(paint("dim", `${name} runs…`));
  const last = await ending(client, name, asked.ended);
  if (options.json) sayJson(last);
  else for (const line of last.lastLines) say(`  ${paint("dim", line)}`);
  const took = `${formatDuration(last.tookMs)}, ${last.attempts === 1 ? "1 run" : `${last.attempts} runs`}`;
  if (last.result !== "completed") {
    throw new HomeostatError("JOB_FAILED", `${name} ${last.result}: ${last.text} (${took})`);
  }
  if (!options.json) say(paint("good", `${name} completed: ${last.text} (${took}).`));
}

const pollMs = 200;

/** People end the waiting as they like: the job goes on. */
async function ending(
  client: Client,
  name: string,
  before: number,
): Promise<NonNullable<JobView["last"]>> {
  for (;;) {
    const { services } = await client.get<StateView>("/api/state");
    const job = services.find((it) => it.name === name)?.job;
    if (!job) throw new HomeostatError("UNKNOWN_ID", `${name} is no job any more`);
    if (job.last && job.ended > before) return job.last;
    await systemClock.sleep(pollMs);
  }
}
