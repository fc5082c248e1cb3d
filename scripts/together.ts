// Loads many test files into one process; node:test runs what they declare.
import { resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

/** With `--test`, arguments are files to run, so the list comes by the environment. */
const files = (process.env.HOMEOSTAT_TEST_FILES ?? "").split("\n").filter((file) => file !== "");

// `--test-isolation=none` alone would load them too, but it drops the error of a file that declared
// a test before it failed to load, and the run is green without the rest of the file.
for (const file of files) {
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    test(`${file} loads`, () => {
      throw error;
    });
  }
}
