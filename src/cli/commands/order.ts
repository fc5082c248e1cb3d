// Commands that tell the daemon something: pause, resume, approve, deny, restart, down.
import { existsSync } from "node:fs";
import { systemClock } from "../../kernel/clock.ts";
import type { InstanceView, ServiceView, StateView } from "../../protocol/api.ts";
import { connect, type GlobalOptions, noteFile, type Where, whereIs } from "../context.ts";
import { paint, say, sayJson } from "../print.ts";
import { watching } from "../watching.ts";

async function order(
  options: GlobalOptions,
  path: string,
  body: Readonly<Record<string, unknown>>,
  text: string,
): Promise<void> {
  const answer = await connect(whereIs(options)).post(path, body);
  if (options.json) sayJson(answer);
  else say(text);
}

export function pause(reason: readonly string[], options: GlobalOptions): Promise<void> {
  const text = paint("warn", "All healing is stopped. Services keep running.");
  const more = `${text} Go on with: homeostat resume`;
  return order(options, "/api/pause", { reason: reason.join(" ") || "stopped by hand" }, more);
}

export function resume(options: GlobalOptions): Promise<void> {
  return order(options, "/api/resume", {}, paint("good", "Healing goes on."));
}

export function approve(id: string, options: GlobalOptions): Promise<void> {
  return order(
    options,
    `/api/approvals/${encodeURIComponent(id)}/approve`,
    {},
    `${id} is approved; it runs once.`,
  );
}

export function deny(id: string, options: GlobalOptions): Promise<void> {
  return order(options, `/api/approvals/${encodeURIComponent(id)}/deny`, {}, `${id} is denied.`);
}

export async function restart(service: string, options: GlobalOptions): Promise<void> {
  const client = connect(whereIs(options));
  const state = await client.get<StateView>("/api/state");
  const { services } = state;
  // One that is not there is refused by the daemon, without a promise before.
  const isMeant = (it: ServiceView): boolean =>
    (it.name === service || it.partOf === service) && !it.job && !it.stopped;
  if (!options.json && services.some(isMeant))
    say(paint("dim", `Replacing the instances of ${service}, one after the other…`));
  const answer = await watching(
    {
      client,
      isMeant,
      isDone: (word, now, before) => word === "healthy" && now.pid !== before?.pid,
      quiet: options.json === true,
      before: state,
    },
    client.post<{ readonly steps: readonly string[] }>(
      `/api/services/${encodeURIComponent(service)}/restart`,
    ),
  );
  if (options.json) return sayJson(answer);
  for (const step of answer.steps) say(`  ${step}`);
  say(paint("good", `${service} is restarted.`));
}

const goneMs = 60_000;

/** Resolves when the daemon has left, or after a while. */
async function gone({ state }: Where): Promise<void> {
  const untilMs = systemClock.now() + goneMs;
  while (existsSync(noteFile(state)) && systemClock.now() < untilMs) await systemClock.sleep(50);
}

export async function down(options: GlobalOptions): Promise<void> {
  const where = whereIs(options);
  const client = connect(where);
  const before = await client.get<StateView>("/api/state");
  await client.post("/api/down");
  if (!options.json) say(paint("dim", "Stopping the services, dependents first…"));
  const isDone = (_: string, { state }: InstanceView): boolean => state === "down";
  const quiet = options.json === true;
  await watching({ client, isMeant: () => true, isDone, quiet, before }, gone(where));
  const isGone = !existsSync(noteFile(where.state));
  if (options.json) sayJson({ stopped: isGone });
  else say(isGone ? "Everything has ended." : paint("warn", "It is still stopping; see its log."));
}
