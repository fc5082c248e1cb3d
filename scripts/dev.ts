// `npm run dev`: the shop under Homeostat, started anew whenever a source changes; dashboard too.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./run.ts";

const node = process.execPath;
const vite = join(root, "node_modules", "vite", "bin", "vite.js");
const watched = ["src", "examples/shop"].map((folder) => `--watch-path=${join(root, folder)}`);
const tour = join(root, "examples", "shop", "tour", "main.ts");

const children = [
  spawn(node, [vite, "build", "--watch", "--logLevel", "warn"], {
    cwd: join(root, "dashboard"),
    stdio: "inherit",
  }),
  spawn(node, ["--watch", ...watched, "--conditions=source", tour], { stdio: "inherit" }),
];

const stop = (): void => {
  for (const child of children) child.kill("SIGTERM");
};
process.on("SIGINT", stop).on("SIGTERM", stop);
for (const child of children) child.on("exit", stop);
