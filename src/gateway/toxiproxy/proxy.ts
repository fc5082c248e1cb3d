// One proxy: where it listens, whom it speaks to, its toxics, and the connections through it.
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import { addressOf, listenFailure, placeOf, resolved } from "./address.ts";
import type { Chain } from "./chain.ts";
import { type Connection, createConnection, type Traffic } from "./connection.ts";
import { ApiFailure } from "./failure.ts";
import { after, type Direction, type Toxic } from "./toxic.ts";

export interface ProxySettings {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
}

export interface ToxicProxy extends ProxySettings {
  readonly enabled: boolean;
  /** Those of the upstream direction first, each direction in the order of adding. */
  readonly toxics: readonly Toxic[];
  /** Puts new settings in force; connections live on only if none has changed. @throws like `start` */
  update(settings: Omit<ProxySettings, "name"> & { readonly enabled: boolean }): Promise<void>;
  /** Listens, unless it does; a port of 0 becomes the one that was given. @throws in Go's words */
  start(): Promise<void>;
  /** Listens no more and cuts its connections. */
  stop(): Promise<void>;
  add(toxic: Toxic): void;
  replace(toxic: Toxic): void;
  remove(name: string): void;
}

export interface ProxyContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The counters of a proxy while it has these settings. */
  readonly traffic: (settings: ProxySettings) => Readonly<Record<Direction, Traffic>>;
}

const connectionsMax = 10_000;
const connectMs = 30_000;

export function createProxy(settings: ProxySettings, context: ProxyContext): ToxicProxy {
  const now = { ...settings };
  let toxics: readonly Toxic[] = [];
  let server: Server | undefined;
  const guests = createGuests(context, () => ({ settings: now, toxics }));
  const start = async (): Promise<void> => {
    if (server) return;
    const opened = await listen(now.listen, guests.welcome, context.log.child({ proxy: now.name }));
    server = opened.server;
    now.listen = opened.listen;
  };
  const stop = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    if (!closing) return;
    const closed = new Promise((resolve) => closing.close(resolve));
    guests.cut();
    await closed;
  };

  return {
    name: settings.name,
    get listen() {
      return now.listen;
    },
    get upstream() {
      return now.upstream;
    },
    get enabled() {
      return server !== undefined;
    },
    get toxics() {
      const of = (wanted: Direction) => toxics.filter(({ direction }) => direction === wanted);
      return [...of("upstream"), ...of("downstream")];
    },
    start,
    stop,
    async update({ listen, upstream, enabled }) {
      if (!(await isSame(now, { listen, upstream }))) {
        await stop();
        Object.assign(now, { listen, upstream });
      }
      await (enabled ? start() : stop());
    },
    add(toxic) {
      toxics = [...toxics, toxic];
      for (const chain of guests.chains(toxic.direction)) chain.add(toxic);
    },
    replace(toxic) {
      toxics = toxics.map((other) => (other.name === toxic.name ? toxic : other));
      for (const chain of guests.chains(toxic.direction)) chain.update(toxic);
    },
    remove(name) {
      const gone = toxics.find((toxic) => toxic.name === name);
      toxics = toxics.filter((toxic) => toxic.name !== name);
      if (gone) for (const chain of guests.chains(gone.direction)) chain.remove(name);
    },
  };
}

interface Guests {
  welcome(client: Socket): void;
  /** Of all connections that are open. */
  chains(direction: Direction): readonly Chain[];
  cut(): void;
}

/** The clients of a proxy, also those whose upstream is not reached yet. */
function createGuests(
  context: ProxyContext,
  now: () => { readonly settings: ProxySettings; readonly toxics: readonly Toxic[] },
): Guests {
  const connections = new Set<Connection>();
  const dialling = new Set<Socket>();
  return {
    welcome(client) {
      const { settings } = now();
      dialling.add(client);
      client.once("close", () => dialling.delete(client));
      dial(client, settings, context, (upstream) => {
        dialling.delete(client);
        const traffic = context.traffic(settings);
        const connection: Connection = createConnection({
          ...{ ...context, client, upstream, toxics: now().toxics, traffic },
          onOver: () => connections.delete(connection),
        });
        connections.add(connection);
      });
    },
    chains: (direction) => [...connections].map(({ chains }) => chains[direction]),
    cut() {
      for (const client of dialling) client.destroy();
      for (const connection of connections) connection.destroy();
    },
  };
}

/** Whether they mean the same addresses: "localhost:80" and "127.0.0.1:80" do. @throws in Go's words */
export async function isSame(
  a: Omit<ProxySettings, "name">,
  b: Omit<ProxySettings, "name">,
): Promise<boolean> {
  if (a.upstream !== b.upstream) return false;
  if (a.listen === b.listen) return true;
  return addressOf(await resolved(a.listen)) === addressOf(await resolved(b.listen));
}

async function listen(
  address: string,
  onClient: (client: Socket) => void,
  log: Log,
): Promise<{ readonly server: Server; readonly listen: string }> {
  const place = await resolved(address).catch((error: unknown) => {
    throw new ApiFailure(`listen tcp: ${messageOf(error)}`, 500, error);
  });
  const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
  const server = createServer(options, onClient);
  server.maxConnections = connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenFailure(place, error)));
    server.listen({ ...place }, resolve);
  });
  server.removeAllListeners("error");
  server.on("error", (error) => log.warn("a proxy cannot accept", { error: messageOf(error) }));
  const bound = server.address();
  const port = typeof bound === "object" && bound ? bound.port : place.port;
  return { server, listen: addressOf({ host: place.host, port }) };
}

/** Connects to the upstream for a client, whose first bytes wait until then. */
function dial(
  client: Socket,
  { name, upstream: address }: ProxySettings,
  { clock, log }: ProxyContext,
  onConnected: (upstream: Socket) => void,
): void {
  const refuse = (error: unknown): void => {
    log.warn("a proxy cannot reach its upstream", {
      ...{ proxy: name, upstream: address, error: messageOf(error) },
    });
    client.destroy();
  };
  let upstream: Socket;
  try {
    const { host, port } = placeOf(address);
    const options = { allowHalfOpen: true, noDelay: true };
    upstream = connect({ host: host === "" ? "127.0.0.1" : host, port, ...options });
  } catch (error) {
    refuse(error);
    return;
  }
  const late = new Error(`no connection within ${connectMs} ms`);
  const done = after(clock, connectMs, () => upstream.destroy(late));
  const onGone = (): void => void upstream.destroy();
  const onError = (error: Error): void => {
    done();
    refuse(error);
  };
  client.once("error", onGone).once("close", onGone);
  upstream.once("error", onError).once("connect", () => {
    done();
    upstream.off("error", onError);
    client.off("error", onGone).off("close", onGone);
    if (client.destroyed) return void upstream.destroy();
    onConnected(upstream);
  });
}
