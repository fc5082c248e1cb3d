// The tour: a real shop under Homeostat sickens itself and is healed before your eyes.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Load, startLoad } from "../load.ts";
import { allHealthy, type Daemon, startDaemon, stateFolder } from "./daemon.ts";
import { play, type Score } from "./play.ts";
import { configInUse, sicknesses, soundConfig } from "./sicknesses.ts";
import { announce, paint, scoreTable, story, verdict } from "./tell.ts";

const shopUrl = "http://127.0.0.1:7710";
const ratePerS = 40;
/** A config counts as proven when it has been healthy for the verify window. */
const settleMs = 5_000;
const pauseMs = 1_000;
const roundPauseMs = 20_000;

const { values } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
  },
});
const say = (text = ""): void => {
  if (!values.json) process.stdout.write(`${text}\n`);
};

async function main(): Promise<number> {
  prepare();
  say(paint("dim", "Starting five services under Homeostat…"));
  const daemon = await startDaemon();
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    say(paint("dim", "\nStopping everything; once more to leave at once."));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  let load: Load | undefined;
  try {
    await allHealthy(daemon, 60_000);
    load = startLoad({ baseUrl: shopUrl, ratePerS, seed: Number(values.seed) });
    say(`The shop is open: ${paint("cyan", shopUrl)}, ${ratePerS} requests a second.`);
    say(`Watch it being healed: ${paint("cyan", daemon.url)}`);
    await sleep(settleMs);
    if (values.once) return report(await round(daemon, load, () => stopping));
    while (!stopping) {
      report(await round(daemon, load, () => stopping));
      say(paint("dim", "\nIt begins again in 20 s. Ctrl-C ends everything."));
      for (let ms = 0; ms < roundPauseMs && !stopping; ms += 200) await sleep(200);
    }
    return 0;
  } finally {
    await load?.stop();
    await daemon.down();
  }
}

/** Every tour begins with an empty journal and a sound config. */
function prepare(): void {
  rmSync(stateFolder, { recursive: true, force: true });
  mkdirSync(join(stateFolder, "shop"), { recursive: true, mode: 0o700 });
  copyFileSync(soundConfig, configInUse);
}

async function round(
  daemon: Daemon,
  load: Load,
  stopping: () => boolean,
): Promise<readonly Score[]> {
  const scores: Score[] = [];
  for (const [i, sickness] of sicknesses.entries()) {
    if (stopping()) break;
    say(announce(sickness, i + 1, sicknesses.length));
    const score = await play(sickness, daemon, load, (detail) => say(story(detail)));
    say(verdict(score));
    scores.push(score);
    await sleep(pauseMs);
  }
  return scores;
}

/** 0 only when every sickness was answered rightly. */
function report(scores: readonly Score[]): number {
  const right = scores.filter((score) => score.right).length;
  const figures = scores.flatMap((score) => [
    {
      name: `${score.name}: answered rightly`,
      value: score.right ? 1 : 0,
      goal: 1,
      ok: score.right,
    },
    {
      name: `${score.name}: safe requests lost`,
      value: score.lostIdempotent,
      goal: 0,
      ok: score.lostIdempotent === 0,
    },
  ]);
  if (values.json) process.stdout.write(`${JSON.stringify({ figures, scores }, null, 2)}\n`);
  say(`\n${scoreTable(scores)}`);
  say(`\n${right} of ${sicknesses.length} sicknesses were answered rightly.`);
  return right === sicknesses.length ? 0 : 1;
}

process.exitCode = await main();
