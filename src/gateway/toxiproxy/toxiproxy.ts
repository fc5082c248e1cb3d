// Toxiproxy inside the gateway: opened, changed and closed as the config of the daemon wants it.
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import type { ToxiproxyConfig } from "../../protocol/gateway.ts";
import { type Api, openApi } from "./api.ts";
import { failureOf } from "./bodies.ts";
import { createCollection } from "./collection.ts";
import { createCounters } from "./metrics.ts";

export interface Toxiproxy {
  /**
   * Puts a config in force, one after the other; undefined closes it. What the API has changed stays,
   * unless the config says something else than it did before. Resolves to what could not be done.
   */
  apply(config: ToxiproxyConfig | undefined): Promise<readonly string[]>;
}

/** A list of the same fault is no better than its beginning. */
const toldMax = 16;

export function createToxiproxy(parts: {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Toxiproxy {
  const counters = createCounters();
  const collection = createCollection({ ...parts, traffic: counters.of });
  /** The proxies that a config has put, as it wrote them. */
  const put = new Map<string, string>();
  let open: { readonly address: string; readonly api: Api } | undefined;

  const moveApi = async (config: ToxiproxyConfig | undefined): Promise<void> => {
    const address = config ? `${config.host} ${config.port}` : undefined;
    if (open?.address === address) return;
    await open?.api.close();
    open = undefined;
    if (!config || address === undefined) return collection.clear();
    open = { address, api: await openApi({ ...parts, ...config, collection, counters }) };
    parts.log.info("toxiproxy listens", { host: config.host, port: config.port });
  };

  const putProxies = async (proxies: ToxiproxyConfig["proxies"]): Promise<readonly string[]> => {
    const problems: string[] = [];
    for (const name of put.keys()) {
      if (proxies.some((it) => it.name === name)) continue;
      put.delete(name);
      // The API may have removed it before.
      if (collection.proxies.some((it) => it.name === name)) await collection.remove(name);
    }
    for (const proxy of proxies) {
      const text = JSON.stringify(proxy);
      if (put.get(proxy.name) === text) continue;
      const existing = collection.proxies.find((it) => it.name === proxy.name);
      await (existing ? existing.update(proxy) : collection.create(proxy)).then(
        () => put.set(proxy.name, text),
        (error: unknown) => problems.push(`proxy ${proxy.name}: ${failureOf(error).message}`),
      );
    }
    return problems;
  };

  return {
    apply: (config) =>
      collection.exclusive(async () => {
        const problems: string[] = [];
        await moveApi(config).catch((error: unknown) => problems.push(messageOf(error)));
        if (!config) put.clear();
        const more = await putProxies(config?.proxies ?? []);
        return [...problems, ...more].slice(0, toldMax);
      }),
  };
}
