// The spawner's process as its daemon sees it: reached, started, asked to leave, ended.
import { rmSync } from "node:fs";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import { spawnerTarget } from "../../model/target.ts";
import { signalProcess } from "../linux-group.ts";
import { oursOf, startOurs } from "../ours.ts";
import { type Joined, type JoinOptions, join } from "./talk.ts";

export interface SpawnerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The mark that it carries, as all processes of the project. */
  readonly project: string;
  readonly socketPath: string;
  /** The command line of its process, without its arguments. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

const joinMs = 2_000;
/** From its start to its first word; longer than it takes on a busy machine. */
const answerMs = 10_000;
const failedMs = 500;
const retireMs = 500;
const pollMs = 10;

export type JoinOnce = () => Promise<Joined["kind"]>;

/** One attempt; one that speaks another version leaves the path, and is then absent. */
export async function joinOnce(
  { clock, log, socketPath }: SpawnerOptions,
  signal: AbortSignal,
  on: Pick<JoinOptions, "onList" | "onNews" | "onLost">,
): Promise<Joined["kind"]> {
  const time = deadline(clock, joinMs, signal);
  const joined = await join({ socketPath, signal: time.signal, ...on });
  time.done();
  if (joined.kind === "broken" && !signal.aborted) {
    log.warn("the spawner was not joined", { reason: messageOf(joined.error) });
  }
  if (joined.kind !== "foreign") return joined.kind;
  const { protocol } = joined;
  log.warn("a spawner of another version keeps its children; a new one is started", { protocol });
  const rest = new AbortController();
  const late = clock.sleep(retireMs, rest.signal).then(
    () => rmSync(socketPath, { force: true }),
    () => {},
  );
  await Promise.race([joined.left, late]);
  rest.abort();
  return "absent";
}

/** Starts one and joins it; tells when that fails, and waits a moment then. */
export async function begin(
  options: SpawnerOptions,
  signal: AbortSignal,
  joinIt: JoinOnce,
): Promise<void> {
  const { clock, random, log, project, command, socketPath, cwd, env, logFile } = options;
  try {
    const spec = {
      target: spawnerTarget,
      project,
      command: [...command, "--socket", socketPath],
      cwd,
      env: lean(env),
      logFile,
    };
    await startOurs(spec, { clock, random, signal, answerMs }, async () =>
      (await joinIt()) === "joined" ? true : undefined,
    );
  } catch (error) {
    log.error("the spawner does not start", { reason: messageOf(error) });
    await clock.sleep(failedMs, signal).catch(() => {});
  }
}

/** What is said to Node by the environment is meant for services, and would make this one larger. */
function lean(env: SpawnerOptions["env"]): SpawnerOptions["env"] {
  const fits = (name: string): boolean => !/^NODE_(?!COMPILE_CACHE$)/.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => fits(name)));
}

/** It accepts and is silent: it, and whoever else holds the path, is ended. */
export async function endSilent({ clock, log, project }: SpawnerOptions): Promise<void> {
  for (const { identity } of oursOf(project, spawnerTarget)) {
    log.error("ending a spawner that does not answer", { pid: identity.pid });
    signalProcess(identity, "SIGKILL");
  }
  await clock.sleep(pollMs);
}
