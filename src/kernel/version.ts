// The version of this package, as its manifest says.
import { createRequire } from "node:module";

const manifest = createRequire(import.meta.url)("../../package.json") as {
  readonly version: string;
};

export const version: string = manifest.version;

/** Another one for each build, whatever the files of it look like; "" when it runs from its sources. */
export const build: string = "";
