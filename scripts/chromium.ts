// Finds the system's Chromium for the browser tests, and installs it where we may.
import { accessSync, constants } from "node:fs";
import { run } from "./run.ts";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
];

/** The path of a Chromium that can be run; rejects with what to do when there is none. */
export async function findChromium(): Promise<string> {
  const own = process.env.CHROMIUM;
  const candidates = own === undefined ? places : [own];
  const found = candidates.find(isProgram);
  if (found !== undefined) return found;
  if (own === undefined && process.getuid?.() === 0 && isProgram("/usr/bin/apt-get")) {
    console.log("browser: installing the package chromium");
    const failure = await install();
    const installed = candidates.find(isProgram);
    if (installed !== undefined) return installed;
    console.error(failure);
  }
  throw new Error(
    "the browser tests need Chromium and found none: install the package `chromium` " +
      "(apt-get install chromium), or name the program in the variable CHROMIUM",
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not ours to run: either way it is no answer
  }
}

async function install(): Promise<string> {
  const options = { keep: true, limitMs: 300_000, env: { DEBIAN_FRONTEND: "noninteractive" } };
  const steps = [["update"], ["install", "-y", "--no-install-recommends", "chromium"]];
  let output = "";
  for (const step of steps) {
    const ended = await run("/usr/bin/apt-get", step, options);
    output += ended.output;
    if (ended.code !== 0) break;
  }
  return output;
}
