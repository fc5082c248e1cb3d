// What has to be said to a running HAProxy so that its servers are those of the routes.
import type { Route, Upstream } from "../../protocol/gateway.ts";
import { isEmpty } from "./config-text.ts";
import { backOf, holdServer, serverOf } from "./names.ts";
import type { Server } from "./tables.ts";

type Wanted = Omit<Server, "address">;

/**
 * In this order: whoever is to take requests comes before others leave, so that at no moment nobody
 * is there who is there before and after. Servers that no route has any more are put out of use.
 */
export function changesOf(routes: readonly Route[], servers: readonly Server[]): readonly string[] {
  const there = new Map(servers.map((server) => [pathOf(server), server]));
  const wanted = routes.flatMap(wantedOf);
  const named = new Set(wanted.map(pathOf));
  const gone = servers
    .filter((server) => !named.has(pathOf(server)))
    .map((server): Wanted => ({ ...server, state: "maint" }));
  const all = [...wanted, ...gone].map((one) => changeOf(one, there.get(pathOf(one))));
  return [...all.flatMap(({ first }) => first), ...all.flatMap(({ after }) => after)];
}

function wantedOf({ service, upstreams }: Route): readonly Wanted[] {
  const back = backOf(service);
  const held: Wanted = {
    back,
    name: holdServer,
    port: 0,
    state: isEmpty(upstreams) ? "ready" : "maint",
  };
  return [...upstreams.flatMap((upstream) => both(back, upstream)), held];
}

function both(back: string, { instance, port, state }: Upstream): readonly Wanted[] {
  const [usual, spare] = states[state];
  return [
    { back, name: serverOf(instance), port, state: usual },
    { back, name: serverOf(instance, true), port, state: spare },
  ];
}

/** Of the server of an instance, and of the one that it is as a spare. */
const states: Readonly<Record<Upstream["state"], readonly [Server["state"], Server["state"]]>> = {
  ready: ["ready", "maint"],
  spare: ["maint", "ready"],
  draining: ["drain", "maint"],
  hung: ["drain", "maint"],
};

const pathOf = ({ back, name }: Pick<Server, "back" | "name">): string => `${back}/${name}`;

interface Change {
  readonly first: readonly string[];
  readonly after: readonly string[];
}

function changeOf(wanted: Wanted, server: Server | undefined): Change {
  const path = pathOf(wanted);
  const { name, port, state } = wanted;
  const set = `set server ${path} state ${state}`;
  if (!server) {
    const kind = name.endsWith(":spare") ? " backup" : "";
    const add = `add server ${path} 127.0.0.1:${port}${kind}`;
    return { first: state === "maint" ? [add] : [add, set], after: [] };
  }
  const moves = server.port !== port && name !== holdServer;
  const move = moves ? [`set server ${path} addr 127.0.0.1 port ${port}`] : [];
  if (server.state === state) return { first: move, after: [] };
  return state === "ready"
    ? { first: [...move, set], after: [] }
    : { first: [], after: [set, ...move] };
}
