// Finds the system's Chromium for the browser tests, and installs it where we may.
import { install, isProgram, mayInstall } from "./apt.ts";

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
  if (own === undefined && mayInstall) {
    console.log("browser: installing the package chromium");
    const failure = await install("chromium");
    const installed = candidates.find(isProgram);
    if (installed !== undefined) return installed;
    console.error(failure);
  }
  throw new Error(
    "the browser tests need Chromium and found none: install the package `chromium` " +
      "(apt-get install chromium), or name the program in the variable CHROMIUM",
  );
}
