// npm run bench:detect -- [SECTION…] [--data FOLDER] [--seeds N] [--json]: what is found, how soon, and what it costs.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Figure, report } from "./table.ts";

interface Options {
  /** Where labelled data is; `nab/` within is NAB's. */
  readonly data: string;
  /** Series of each kind. */
  readonly seeds: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    seeds: { type: "string", default: "8" },
    json: { type: "boolean", default: false },
  },
});
const options: Options = {
  data: values.data ?? fileURLToPath(new URL("../../shared/data", import.meta.url)),
  seeds: Number(values.seeds),
};

/** Read when asked for: each brings its own world along. */
const sections: Readonly<Record<string, (options: Options) => Promise<readonly Figure[]>>> = {
  nab: async ({ data }) => (await import("./detect/labelled.ts")).labelled(data),
  healthy: async ({ seeds }) => (await import("./detect/healthy.ts")).healthy(seeds),
  faults: async ({ seeds }) => (await import("./detect/faults.ts")).faults(seeds),
  forecast: async () => (await import("./detect/forecast.ts")).forecastFigures(),
  speed: async () => (await import("./detect/speed.ts")).speed(),
  ingest: async () => (await import("./detect/ingest.ts")).ingest(false),
  logs: async () => (await import("./detect/logs.ts")).logs(false),
  store: async () => (await import("./detect/store.ts")).store(),
};

const unknown = positionals.filter((name) => !(name in sections));
if (unknown.length > 0) {
  const known = Object.keys(sections).join(", ");
  console.error(`no section ${unknown.join(", ")}; there are ${known}`);
  process.exit(64);
}
const figures: Figure[] = [];
for (const [name, run] of Object.entries(sections)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stderr.write(`${name}\n`);
  figures.push(...(await run(options)));
}
report(figures, { json: values.json });
