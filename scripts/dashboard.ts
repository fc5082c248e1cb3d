// Builds the dashboard into dashboard/dist, when it is missing or older than what it is made from.
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.ts";

const folder = join(root, "dashboard");
const built = join(folder, "dist/index.html");

/** The page is made from these, and from the wire and the nouns that it shares with the daemon. */
const sources = [
  "dashboard/{index.html,package.json,vite.config.ts}",
  "dashboard/{src,public}/**",
  "src/{protocol,model,kernel}/**",
];

/** True when dashboard/dist is as new as its sources. */
export function isFresh(): boolean {
  const made = statSync(built, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined) return false;
  return globSync(sources, { cwd: root })
    .map((path) => statSync(join(root, path)))
    .every((source) => source.isDirectory() || source.mtimeMs <= made);
}

/** Rejects with what vite wrote when the build fails. */
export async function buildDashboard(): Promise<void> {
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const ended = await run(process.execPath, [vite, "build", "--logLevel", "warn"], {
    keep: true,
    cwd: folder,
    limitMs: 180_000,
  });
  if (ended.code === 0) return;
  throw new Error(`the dashboard was not built:\n${ended.output}`);
}

if (import.meta.main) await buildDashboard();
