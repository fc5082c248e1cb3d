// Sets the servers of a running HAProxy, worker by worker, to what the routes say.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Route } from "../../protocol/gateway.ts";
import { changesOf } from "./changes.ts";
import { backOf, serverOf } from "./names.ts";
import { type Runtime, toWorker } from "./runtime.ts";
import { type Server, serversOf, unansweredOf, workersOf } from "./tables.ts";

interface Running {
  readonly runtime: Runtime;
  readonly log: Log;
}

/** Servers of all workers: also those that finish what they have may ask once more. */
export async function adjust({ runtime, log }: Running, routes: readonly Route[]): Promise<void> {
  const { current, old } = workersOf(await runtime.ask("show proc"));
  const servers = await serversIn(runtime, current);
  const changes = changesOf(routes, servers);
  if (changes.length > 0) {
    const said = await toWorker(runtime, current, ...changes);
    const left = changesOf(routes, await serversIn(runtime, current));
    if (left.length > 0) {
      const text = `HAProxy did not do "${left[0]}": ${said.replace(/\s+/g, " ").slice(0, 300)}`;
      throw new HomeostatError("GATEWAY_ABSENT", text);
    }
  }
  for (const pid of old) {
    await adjustOld(runtime, pid, routes).catch((error: unknown) => {
      log.info("an old worker of HAProxy was not told", { pid, reason: messageOf(error) });
    });
  }
  for (const pid of [current, ...old]) await freeHung(runtime, pid, routes);
}

async function adjustOld(runtime: Runtime, pid: number, routes: readonly Route[]): Promise<void> {
  const changes = changesOf(routes, await serversIn(runtime, pid));
  const known = changes.filter((change) => change.startsWith("set server "));
  if (known.length > 0) await toWorker(runtime, pid, ...known);
}

async function serversIn(runtime: Runtime, pid: number): Promise<readonly Server[]> {
  return serversOf(await toWorker(runtime, pid, "show servers state"));
}

/** HAProxy asks another server when the connection to this one ends before an answer. */
async function freeHung(runtime: Runtime, pid: number, routes: readonly Route[]): Promise<void> {
  const hung = routes.flatMap(({ service, upstreams }) =>
    upstreams.flatMap(({ instance, state }) =>
      state === "hung" ? [{ back: backOf(service), instance }] : [],
    ),
  );
  if (hung.length === 0) return;
  const sessions = await toWorker(runtime, pid, "show sess all");
  const names = (instance: string): readonly string[] => [
    serverOf(instance),
    serverOf(instance, true),
  ];
  const ids = hung.flatMap(({ back, instance }) =>
    names(instance).flatMap((name) => unansweredOf(sessions, back, name)),
  );
  const commands = ids.map((id) => `shutdown session ${id}`);
  if (commands.length > 0) await toWorker(runtime, pid, ...commands);
}
