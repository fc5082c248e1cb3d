// Bytes through the proxies, kept by direction and addresses, in the text format of Prometheus.
import type { Traffic } from "./connection.ts";
import type { ProxySettings } from "./proxy.ts";
import type { Direction } from "./toxic.ts";

export interface Counters {
  of(settings: ProxySettings): Readonly<Record<Direction, Traffic>>;
  text(): string;
}

interface Series {
  readonly settings: ProxySettings;
  readonly traffic: Readonly<Record<Direction, Traffic>>;
}

/** The oldest are forgotten beyond: a test run may make a proxy a second, each on a port of its own. */
const seriesMax = 2_000;

export function createCounters(): Counters {
  const series = new Map<string, Series>();
  return {
    of({ name, listen, upstream }) {
      const key = JSON.stringify([name, listen, upstream]);
      const known = series.get(key);
      if (known) return known.traffic;
      const none = (): Traffic => ({ receivedBytes: 0, sentBytes: 0 });
      const traffic = { upstream: none(), downstream: none() };
      series.set(key, { settings: { name, listen, upstream }, traffic });
      const oldest = series.keys().next().value;
      if (series.size > seriesMax && oldest !== undefined) series.delete(oldest);
      return traffic;
    },
    text: () =>
      family("received", series, ({ receivedBytes }) => receivedBytes) +
      family("sent", series, ({ sentBytes }) => sentBytes),
  };
}

function family(
  verb: string,
  series: ReadonlyMap<string, Series>,
  count: (traffic: Traffic) => number,
): string {
  const metric = `toxiproxy_proxy_${verb}_bytes_total`;
  const lines = [...series.values()].flatMap(({ settings, traffic }) =>
    (["downstream", "upstream"] as const).map((direction) => {
      const labels = [
        `direction="${direction}"`,
        `listener="${escaped(settings.listen)}"`,
        `proxy="${escaped(settings.name)}"`,
        `upstream="${escaped(settings.upstream)}"`,
      ];
      return `${metric}{${labels.join(",")}} ${count(traffic[direction])}\n`;
    }),
  );
  return `# HELP ${metric} \n# TYPE ${metric} counter\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
}
