// The paths of Toxiproxy's API: what each does, its status codes and its bodies.
import {
  failureOf,
  failureView,
  proxyToCreate,
  proxyToUpdate,
  proxyView,
  toxicToCreate,
  toxicToUpdate,
  toxicView,
} from "./bodies.ts";
import type { Collection } from "./collection.ts";
import { ApiFailure, failures } from "./failure.ts";
import { writeGoJson } from "./go-json.ts";
import type { Counters } from "./metrics.ts";
import type { ToxicProxy } from "./proxy.ts";
import type { Toxic } from "./toxic.ts";

export interface PathOptions {
  readonly collection: Collection;
  readonly counters: Counters;
}

/** The API that this one is like; clients look at it. */
const version = "2.12.0";

const toxicsMax = 100;

export interface Reply {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
}

const done: Reply = { status: 204 };

export interface Ask {
  readonly body: Buffer;
  readonly proxy: string;
  readonly toxic: string;
}

export type Verb = (ask: Ask) => Promise<Reply> | Reply;

export interface Path {
  readonly pattern: RegExp;
  readonly verbs: Readonly<Record<string, Verb>>;
}

export function pathsOf({ collection, counters }: PathOptions): readonly Path[] {
  const change =
    (work: (ask: Ask, proxy: ToxicProxy) => Promise<Reply> | Reply): Verb =>
    (ask) =>
      collection.exclusive(async () => work(ask, collection.get(ask.proxy)));
  const updateProxy = change(async ({ body }, proxy) => {
    await proxy.update(proxyToUpdate(body, proxy));
    return json(200, proxyView(proxy));
  });
  const updateToxic = change(({ body, toxic }, proxy) =>
    json(200, toxicView(updated(proxy, toxic, body))),
  );
  const createProxy: Verb = ({ body }) =>
    collection.exclusive(async () =>
      json(201, proxyView(await collection.create(proxyToCreate(body)))),
    );
  const addToxic = change(({ body }, proxy) => json(200, toxicView(added(proxy, body))));
  const deleteProxy = change(async (_, proxy) => {
    await collection.remove(proxy.name);
    return done;
  });
  const deleteToxic = change(({ toxic }, proxy) => {
    proxy.remove(toxicOf(proxy, toxic).name);
    return done;
  });
  const reset: Verb = () => collection.exclusive(() => collection.reset()).then(() => done);
  const index: Verb = () =>
    json(200, Object.fromEntries(collection.proxies.map((it) => [it.name, proxyView(it)])));
  const show: Verb = ({ proxy }) => json(200, proxyView(collection.get(proxy)));
  const toxics: Verb = ({ proxy }) => json(200, collection.get(proxy).toxics.map(toxicView));
  const showToxic: Verb = ({ proxy, toxic }) =>
    json(200, toxicView(toxicOf(collection.get(proxy), toxic)));

  return [
    { pattern: /^\/proxies$/, verbs: { GET: index, POST: createProxy } },
    { pattern: /^\/populate$/, verbs: { POST: ({ body }) => populate(collection, body) } },
    { pattern: /^\/reset$/, verbs: { POST: reset } },
    { pattern: /^\/version$/, verbs: { GET: sayVersion } },
    { pattern: /^\/metrics$/, verbs: { any: () => sayMetrics(counters) } },
    {
      pattern: /^\/proxies\/(?<proxy>[^/]+)$/,
      verbs: { GET: show, POST: updateProxy, PATCH: updateProxy, DELETE: deleteProxy },
    },
    {
      pattern: /^\/proxies\/(?<proxy>[^/]+)\/toxics$/,
      verbs: { GET: toxics, POST: addToxic },
    },
    {
      pattern: /^\/proxies\/(?<proxy>[^/]+)\/toxics\/(?<toxic>[^/]+)$/,
      verbs: { GET: showToxic, POST: updateToxic, PATCH: updateToxic, DELETE: deleteToxic },
    },
  ];
}

/** Its failure stands beside the proxies that were put before it. */
function populate(collection: Collection, body: Buffer): Promise<Reply> {
  return collection.exclusive(async () => {
    const put: ToxicProxy[] = [];
    const failure = await collection.populate(body, put).then(() => undefined, failureOf);
    const proxies = put.length === 0 ? null : put.map(proxyView);
    if (!failure) return json(201, { proxies });
    return json(failure.status, { ...failureView(failure), proxies });
  });
}

function sayVersion(): Reply {
  const type = "application/json;charset=utf-8";
  return { status: 200, type, body: `{"version": "${version}"}\n` };
}

function sayMetrics(counters: Counters): Reply {
  return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: counters.text() };
}

function json(status: number, value: object): Reply {
  return { status, type: "application/json", body: writeGoJson(value) };
}

/** As Go's http.Error sends it: failures are JSON in a body that calls itself plain text. */
export function plain(status: number, body: string): Reply {
  return { status, type: "text/plain; charset=utf-8", body };
}

function added(proxy: ToxicProxy, body: Buffer): Toxic {
  const toxic = toxicToCreate(body, proxy.toxics);
  if (proxy.toxics.length >= toxicsMax) {
    throw new ApiFailure(`too many toxics: at most ${toxicsMax} on a proxy`, 400);
  }
  proxy.add(toxic);
  return toxic;
}

function updated(proxy: ToxicProxy, name: string, body: Buffer): Toxic {
  const toxic = toxicToUpdate(body, toxicOf(proxy, name));
  proxy.replace(toxic);
  return toxic;
}

/** @throws ApiFailure 404 */
function toxicOf(proxy: ToxicProxy, name: string): Toxic {
  const toxic = proxy.toxics.find((it) => it.name === name);
  if (!toxic) throw failures.toxicNotFound();
  return toxic;
}
