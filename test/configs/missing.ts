// Broken starts where no config is found, or more than one, or a package.json that cannot serve.
import type { Broken } from "./broken.ts";

const missing = (broken: Omit<Broken, "problems">): Broken => ({
  code: "CONFIG_MISSING",
  ...broken,
  problems: [],
});

const sound = "services: { web: { command: sleep 5 } }\n";

export const missings: readonly Broken[] = [
  missing({
    name: "an empty folder",
    files: { "readme.md": "" },
    message: ["homeostat.config.ts, homeostat.yaml or a package.json", "got none of them"],
  }),
  missing({
    name: "a package.json without start",
    files: { "package.json": '{ "scripts": { "test": "node --test" } }' },
    message: ["expected homeostat.config.ts", "a package.json without a start script"],
  }),
  missing({
    name: "a package.json whose start is no text",
    files: { "package.json": '{ "scripts": { "start": ["node", "web.js"] } }' },
    message: ["a package.json without a start script"],
  }),
  missing({
    name: "a config with a name of its own",
    files: { "homeostat.config.yaml": sound },
    message: ["got homeostat.config.yaml, a name that is not looked for"],
  }),
  missing({
    name: "--config names a file that is not there",
    files: { "homeostat.yaml": sound },
    config: "staging.yaml",
    message: ["--config: expected a file, got ", "staging.yaml, which is not there"],
  }),
  missing({
    name: "--config names a folder",
    files: { "etc/homeostat.yaml": sound },
    config: "etc",
    message: ["--config: expected a file, got the folder "],
  }),
  missing({
    name: "a folder that is not there",
    files: { "homeostat.yaml": sound },
    folder: "nowhere",
    message: ["--folder: expected a folder, got ", "nowhere"],
  }),
  {
    name: "two configs",
    files: { "homeostat.yaml": sound, "homeostat.json": "{}" },
    problems: [],
    message: ["expected one config, got homeostat.yaml and homeostat.json: remove one"],
  },
  {
    name: "a start that would start itself",
    files: { "package.json": '{ "scripts": { "start": "homeostat up" } }' },
    problems: [["scripts.start", "the app's own start", '"homeostat up"']],
  },
  {
    name: "a PORT that is none",
    files: { "package.json": '{ "scripts": { "start": "node web.js" } }' },
    env: { PORT: "eighty" },
    problems: [["services.app.port", "a port from 1 to 65535", '"eighty"']],
    message: ["This is not in package.json: there is no config. Set PORT"],
  },
];
