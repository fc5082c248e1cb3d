// All proxies by name: made, replaced, reset and removed one after the other.
import { type ProxyInput, proxiesToPopulate } from "./bodies.ts";
import { ApiFailure, failures } from "./failure.ts";
import { createProxy, isSame, type ProxyContext, type ToxicProxy } from "./proxy.ts";

export interface Collection {
  /** Sorted by name. */
  readonly proxies: readonly ToxicProxy[];
  /** @throws ApiFailure 404 */
  get(name: string): ToxicProxy;
  /** Runs `work` when what was asked before is done: two changes never meet half-way. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** @throws ApiFailure 409; in Go's words when it cannot listen, and then it is not kept */
  create(input: ProxyInput): Promise<ToxicProxy>;
  /** Leaves one with the same addresses alone, replaces another one. @throws in Go's words */
  put(input: ProxyInput): Promise<ToxicProxy>;
  /** Those that were put before one failed are in `done`. @throws ApiFailure */
  populate(body: Buffer, done: ToxicProxy[]): Promise<void>;
  /** @throws ApiFailure 404 */
  remove(name: string): Promise<void>;
  /** Starts all and takes all toxics off. @throws in Go's words */
  reset(): Promise<void>;
  clear(): Promise<void>;
}

const proxiesMax = 1_000;

export function createCollection(context: ProxyContext): Collection {
  const byName = new Map<string, ToxicProxy>();
  let last: Promise<unknown> = Promise.resolve();

  const get = (name: string): ToxicProxy => {
    const proxy = byName.get(name);
    if (!proxy) throw failures.proxyNotFound();
    return proxy;
  };
  const add = async ({ enabled, ...settings }: ProxyInput): Promise<ToxicProxy> => {
    if (byName.size >= proxiesMax && !byName.has(settings.name)) {
      throw new ApiFailure(`too many proxies: at most ${proxiesMax}`, 400);
    }
    const proxy = createProxy(settings, context);
    if (enabled) await proxy.start();
    byName.set(proxy.name, proxy);
    return proxy;
  };
  const put = async (input: ProxyInput): Promise<ToxicProxy> => {
    const existing = byName.get(input.name);
    if (existing && (await isSame(existing, input))) return existing;
    await existing?.stop();
    return add(input);
  };
  const sorted = (): readonly ToxicProxy[] =>
    [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));

  return {
    get proxies() {
      return sorted();
    },
    get,
    exclusive(work) {
      const done = last.then(work);
      last = done.catch(() => {});
      return done;
    },
    async create(input) {
      if (byName.has(input.name)) throw failures.proxyExists();
      return add(input);
    },
    put,
    async populate(body, done) {
      for (const input of proxiesToPopulate(body)) done.push(await put(input));
    },
    async remove(name) {
      await get(name).stop();
      byName.delete(name);
    },
    async reset() {
      for (const proxy of sorted()) {
        await proxy.start();
        for (const { name } of proxy.toxics) proxy.remove(name);
      }
    },
    async clear() {
      const gone = sorted();
      byName.clear();
      await Promise.all(gone.map((proxy) => proxy.stop()));
    },
  };
}
