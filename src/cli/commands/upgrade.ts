// `homeostat upgrade`: the daemon becomes the installed version with the config as it is now.
import { randomUUID } from "node:crypto";
import { constants } from "node:os";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { version } from "../../kernel/version.ts";
import type { StateView } from "../../protocol/api.ts";
import { environmentOf } from "../../wiring/daemon-environment.ts";
import { knownShape } from "../../wiring/sound.ts";
import {
  connect,
  type GlobalOptions,
  type LaunchOptions,
  readNote,
  type Where,
  whereIs,
} from "../context.ts";
import { dropLaunch, writeLaunch } from "../launch.ts";
import { load } from "../load.ts";
import { paint, say, sayJson } from "../print.ts";

/** Whoever waits 30 s for a quiet moment may close the terminal, or run in a script that ends. */
const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const quietMs = 30_000;
const comesMs = 30_000;
const pollMs = 50;

/** @throws CONFIG_INVALID before anything is touched, NOT_NOW, DAEMON_ABSENT */
export async function upgrade(options: GlobalOptions): Promise<void> {
  const where = whereIs(options);
  const client = connect(where);
  const before = await client.get<StateView>("/api/state");
  const note = readNote(where.state);
  const chosen: LaunchOptions = {
    ...note?.options,
    ...(options.config === undefined ? {} : { config: options.config }),
  };
  goOnIn(environmentOf(note?.pid));
  const known = knownShape(where.state);
  const resolved = await load({ ...chosen, ...options }, where, { known });
  const nonce = randomUUID();
  const drop = (): void => dropLaunch(where.state, nonce);
  // Before anything is written: a signal that is not caught yet leaves it behind.
  const release = onEnd(drop);
  try {
    writeLaunch({
      ...{ resolved, nonce, folder: where.folder, stateFolder: where.state },
      ...{ logLevel: chosen.logLevel ?? "info", json: false, options: chosen },
    });
    known.write();
    await ask(() => client.post("/api/upgrade", { nonce }), options);
  } catch (error) {
    drop();
    throw error;
  } finally {
    release();
  }
  const after = await next(where, note?.startedAtMs ?? 0);
  const kept = keptOf(before, after);
  const anew = pidsOf(after).size - kept;
  if (options.json) return sayJson({ from: before.version, to: after.version, kept, anew });
  const text = before.version === version ? version : `${before.version} → ${version}`;
  say(paint("good", `The daemon is now Homeostat ${text}.`));
  say(`${kept} of ${pidsOf(before).size} processes run on as they were; ${anew} are new.`);
}

/** Ends this process as the signal would, after `drop`; gives back what calls that off. */
function onEnd(drop: () => void): () => void {
  const heard = (signal: NodeJS.Signals): void => {
    drop();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of endSignals) process.once(signal, heard);
  return () => {
    for (const signal of endSignals) process.removeListener(signal, heard);
  };
}

/** A config that is code reads its variables from this process. */
function goOnIn(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) {
    if (!Object.hasOwn(env, name)) delete process.env[name];
  }
  Object.assign(process.env, env);
}

/** What is under way is waited for. */
async function ask(post: () => Promise<unknown>, options: GlobalOptions): Promise<void> {
  const untilMs = systemClock.now() + quietMs;
  for (let told = false; ; told = true) {
    try {
      await post();
      return;
    } catch (error) {
      const isBusy = error instanceof HomeostatError && error.code === "NOT_NOW";
      if (!isBusy || systemClock.now() > untilMs) throw error;
      if (!told && !options.json) say(paint("dim", `Waiting: ${error.message}…`));
      await systemClock.sleep(pollMs * 4);
    }
  }
}

/** @throws DAEMON_ABSENT when it does not come. */
async function next(where: Where, startedAtMs: number): Promise<StateView> {
  const untilMs = systemClock.now() + comesMs;
  while (systemClock.now() < untilMs) {
    await systemClock.sleep(pollMs);
    if ((readNote(where.state)?.startedAtMs ?? 0) <= startedAtMs) continue;
    const view = await connect(where)
      .get<StateView>("/api/state")
      .catch(() => undefined);
    if (view) return view;
  }
  const text = "the next version did not come up; its output says why. The services run on";
  throw new HomeostatError("DAEMON_ABSENT", text);
}

function pidsOf({ services }: StateView): ReadonlySet<string> {
  const all = services.flatMap(({ instances }) => instances);
  return new Set(all.flatMap(({ target, pid }) => (pid === undefined ? [] : [`${target} ${pid}`])));
}

function keptOf(before: StateView, after: StateView): number {
  return [...pidsOf(after)].filter((it) => pidsOf(before).has(it)).length;
}
