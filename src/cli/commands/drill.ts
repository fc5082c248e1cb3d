// `homeostat drill`: causes a fault on purpose, and measures how long it takes until it is healed.
import { systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { type DrillKind, type DrillResult, drillKinds } from "../../model/drill.ts";
import { serviceOf } from "../../model/target.ts";
import type { StateView } from "../../protocol/api.ts";
import type { DrillPlan } from "../../protocol/drills.ts";
import { type Client, connect, type GlobalOptions, type Where, whereIs } from "../context.ts";
import { paint, say, sayJson, type Tone, table } from "../print.ts";
import { type Fault, faultOf } from "./drill-faults.ts";
import { type Outcome, watchDrill } from "./drill-watch.ts";

export interface DrillOptions extends GlobalOptions {
  /** An instance or a service; of `network` the dependency that is cut off. */
  readonly target?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
  /** False with --no-up: somebody else starts the next daemon. */
  readonly up?: boolean;
}

type Row = Outcome & Pick<DrillPlan, "kind" | "target" | "goalMs"> & { readonly id?: string };

/** Exits 1 when a goal was missed or a fault could not be caused, 78 without --yes. */
export async function drill(names: readonly string[], options: DrillOptions): Promise<void> {
  const kinds = names.map(kindOf);
  const where = whereIs(options);
  const client = connect(where);
  if (kinds.length === 0) return showAll(client, options);
  const plans = await Promise.all(kinds.map((kind) => lookAt(client, kind, options)));
  const said = plans.map((plan) => `${plan.kind}: ${plan.text}`);
  if (!options.json) for (const text of said) say(text);
  if (!options.yes && process.env.HOMEOSTAT_DRILL !== "1") {
    const would = options.json ? ` It would do this: ${said.join("; ")}.` : "";
    const message = `drill: nothing was done.${would} Say --yes, or set HOMEOSTAT_DRILL=1`;
    throw new HomeostatError("USAGE", message);
  }
  const rows: Row[] = [];
  for (const kind of kinds) {
    const row = await one(where, kind, options).catch((error: unknown) => {
      // The first one says itself why it is refused; a later one comes after something was done.
      if (rows.length === 0) throw error;
      const text = messageOf(error);
      return { kind, target: "-", goalMs: 0, verdict: "failed" as const, text };
    });
    rows.push(row);
    if (row.verdict === "failed") break;
  }
  if (options.json) sayJson(rows);
  else show(rows);
  if (rows.some(({ verdict }) => verdict === "missed" || verdict === "failed"))
    process.exitCode = 1;
}

function kindOf(name: string): DrillKind {
  const kind = drillKinds.find((it) => it === name);
  if (kind !== undefined) return kind;
  throw new HomeostatError("USAGE", `drill: expected ${drillKinds.join(", ")}, got "${name}"`);
}

function lookAt(client: Client, kind: DrillKind, { target }: DrillOptions): Promise<DrillPlan> {
  const query = target === undefined ? "" : `?target=${encodeURIComponent(target)}`;
  return client.get<DrillPlan>(`/api/drills/look/${kind}${query}`);
}

async function showAll(client: Client, options: DrillOptions): Promise<void> {
  const all = await Promise.all(
    drillKinds.map((kind) =>
      lookAt(client, kind, {}).then(
        (plan) => ({ kind, possible: true, text: plan.text, lonely: plan.lonely }),
        (error: unknown) => ({ kind, possible: false, text: messageOf(error), lonely: undefined }),
      ),
    ),
  );
  if (options.json) return sayJson(all);
  const rows = all.map(({ kind, possible, text, lonely }) => [
    paint(possible ? "bold" : "dim", kind),
    possible ? (lonely === undefined ? "yes" : paint("warn", "--force")) : paint("dim", "no"),
    lonely === undefined ? text : `${text}; ${lonely}`,
  ]);
  say(table([["drill", "can be", "what it does"].map((text) => paint("dim", text)), ...rows]));
  say();
  say("Begin with: homeostat drill NAME… --yes");
}

/** Whatever happens, the fault is taken back and the drill is told to be over. */
async function one(where: Where, kind: DrillKind, options: DrillOptions): Promise<Row> {
  const client = connect(where);
  const { target, force = false } = options;
  const asked = { kind, force, ...(target === undefined ? {} : { target }) };
  const plan = await client.post<DrillPlan>("/api/drills", asked);
  const id = plan.id ?? "";
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  let fault: Fault | undefined;
  let outcome: Outcome = { verdict: "failed", text: "the fault could not be caused" };
  try {
    fault = faultOf(plan, where, options.up !== false);
    const { takeBack, cause } = fault;
    const before = await client.get<StateView>("/api/state");
    await client.post(`/api/drills/${id}/injected`);
    await cause();
    if (!options.json) say(paint("dim", `${id}: ${plan.text}: done, and watched…`));
    const again = (): Client => connect(where);
    const around = { client: again, clock: systemClock, takeBack, signal: stop.signal };
    outcome = await watchDrill({ ...around, plan, id, before });
  } catch (error) {
    outcome = { verdict: "failed", text: messageOf(error).slice(0, 400) };
    throw error;
  } finally {
    process.removeListener("SIGINT", end).removeListener("SIGTERM", end);
    await fault?.takeBack();
    if (outcome.verdict === "as-configured") {
      await connect(where).post(`/api/services/${serviceOf(plan.target)}/start`);
    }
    await tellEnd(where, id, outcome);
  }
  return { id, kind, target: plan.target, goalMs: plan.goalMs, ...outcome };
}

/** A daemon that did not come back cannot be told: the drill ends by itself when its time is over. */
async function tellEnd(where: Where, id: string, outcome: Outcome): Promise<void> {
  const over: Omit<DrillResult, "id"> = outcome;
  try {
    await connect(where).post(`/api/drills/${id}/end`, { ...over });
  } catch (error) {
    process.stderr.write(`${paint("warn", `${id} could not be ended: ${messageOf(error)}`)}\n`);
  }
}

const tones: Readonly<Record<Row["verdict"], Tone>> = {
  passed: "good",
  missed: "bad",
  "as-configured": "warn",
  unnoticed: "warn",
  failed: "bad",
};

function show(rows: readonly Row[]): void {
  const ms = (value: number | undefined): string =>
    value === undefined ? "-" : formatDuration(value);
  const head = ["drill", "what", "of", "detected", "healed", "verified", "goal", "verdict"];
  const cells = rows.map((row) => [
    row.id ?? "-",
    row.kind,
    row.target,
    ms(row.detectedMs),
    ms(row.healedMs),
    ms(row.verifiedMs),
    formatDuration(row.goalMs),
    `${paint(tones[row.verdict], row.verdict)}  ${paint("dim", row.text)}`,
  ]);
  say(table([head.map((text) => paint("dim", text)), ...cells]));
}
