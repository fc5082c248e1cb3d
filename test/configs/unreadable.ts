// Broken configs that cannot be read: what throws, what does not parse, what exports no config.
import { type Broken, json, mjs, ts, yaml } from "./broken.ts";

const at = (line: number): string => `homeostat.config.ts:${line}`;

const nine = "x, x, x, x, x, x, x, x, x";
const bomb = ["a", "b", "c", "d", "e", "f", "g"].map((name, i, all) => {
  const below = all[i - 1];
  const entries = below === undefined ? nine : nine.replaceAll("x", `*${below}`);
  return `${name}: &${name} [${entries}]`;
});

const modules: readonly Broken[] = [
  ts("throws at import", 'const url = undefined;\nthrow new Error("DB_URL is not set");', [
    [at(2), "code that runs", "an error: DB_URL is not set"],
  ]),
  ts("throws no error", 'throw "just text";\nexport default {};', [
    ["homeostat.config.ts", "code that runs", "something thrown: just text"],
  ]),
  ts("throws what has no text", "throw Object.create(null);\nexport default {};", [
    ["homeostat.config.ts", "code that runs", "something thrown: something that cannot be told"],
  ]),
  ts(
    "fails in a file it imports",
    'import "./ports.ts";\nexport default {};',
    [["ports.ts:3", "code that runs", "Cannot read properties of undefined"]],
    { files: { "ports.ts": "const all = {} as any;\n\nall.web.port;\n" } },
  ),
  ts("syntax error in TypeScript", "export default {\n  services: {\n    web: {\n", [
    ["homeostat.config.ts:3", "a name", "the end of the file"],
  ]),
  mjs("syntax error in JavaScript", "export default {\n  services: {},\n}\n};\n", [
    ["homeostat.config.mjs:4", "code that can be parsed", "Unexpected token"],
  ]),
  ts("TypeScript that must be compiled", "enum Mode { Auto }\nexport default { Mode };", [
    [at(1), "code that can be parsed", "enum is not supported"],
  ]),
  ts("imports a file that is not there", '\nimport "./secrets.ts";\nexport default {};', [
    [at(2), 'the module "./secrets.ts" that it imports', "none"],
  ]),
  ts(
    "imports a package that is not installed",
    'import x from "no-such-pack";\nexport default x;',
    [[at(1), 'the package "no-such-pack" that it imports', "none: npm install no-such-pack"]],
  ),
  ts(
    "imports a name that is not exported",
    'import { nope } from "node:fs";\nexport default nope;',
    [[at(1), "code that can be parsed", "does not provide an export named 'nope'"]],
  ),
  ts("has no default export", "export const config = { services: {} };", [
    ["homeostat.config.ts", '"export default defineConfig({ … })"', "exports named config only"],
  ]),
  ts("exports nothing", "// nothing yet\n", [
    ["homeostat.config.ts", '"export default defineConfig({ … })"', "no export"],
  ]),
];

const texts: readonly Broken[] = [
  yaml("tabs in YAML", "services:\n\tweb:\n\t\tcommand: sleep 5\n", [
    ["homeostat.yaml:2:1", "blanks for the indentation", "a tab"],
    ["homeostat.yaml:3:1", "blanks for the indentation", "a tab"],
  ]),
  yaml(
    "duplicate names in YAML",
    "services:\n  web: { command: sleep 5 }\n  web: { command: sleep 6 }\nservices: {}\n",
    [
      ["homeostat.yaml:3:3", "each name once", '"web" again'],
      ["homeostat.yaml:4:1", "each name once", '"services" again'],
    ],
  ),
  yaml("an alias without its anchor", "services:\n  web: *base\n", [
    ["homeostat.yaml:2:8", "an anchor &base above it", "*base alone"],
  ]),
  yaml("a bomb of aliases", `${bomb.join("\n")}\nservices: *g\n`, [
    ["homeostat.yaml", "aliases that stand for at most 1000 values", "more"],
  ]),
  yaml("a tag", "services:\n  web: !!js/function 'sleep'\n", [
    ["homeostat.yaml:2:8", "a value without a tag", '"!!js/function"'],
  ]),
  yaml("two documents", "services: {}\n---\nservices: {}\n", [
    ["homeostat.yaml:2:1", "one document", 'a second one after "---"'],
  ]),
  yaml("a quote that is not closed", 'project: "shop\nservices: {}\n', [
    ["homeostat.yaml:1:10", 'a closing "', "text that goes on to the end of the file"],
  ]),
  yaml("two values on a line", "services:\n  web:\n    command: node: web.js\n", [
    ["homeostat.yaml:3:14", 'one "name: value" on a line', "something else"],
  ]),
  yaml("a reserved character", "services:\n  web: { command: @start }\n", [
    ["homeostat.yaml:2:19", "a value in quotes", 'one that starts with "@"'],
  ]),
  yaml("a list for a name", "services:\n  ? [a, b]\n  : { command: sleep 5 }\n", [
    ["homeostat.yaml:2:5", "a name before the colon", "something else"],
  ]),
  yaml("a file that is too large", `# ${"x".repeat(1_048_576)}\n`, [
    ["homeostat.yaml", "at most 1048576 bytes", "more"],
  ]),
  json("a comma too many in JSON", '{\n  "services": {\n    "web": {},\n  }\n}\n', [
    ["homeostat.json:4:3", "a name in double quotes", '"}"'],
  ]),
  json("a comment in JSON", '{\n  // all of them\n  "services": {}\n}\n', [
    ["homeostat.json:2:3", "a name in double quotes", "a comment: JSON has none"],
  ]),
  json("single quotes in JSON", "{ 'services': {} }\n", [
    ["homeostat.json:1:3", "a name in double quotes", "a single quote"],
  ]),
  json("JSON that is cut off", '{\n  "services": {\n    "web": { "command": "sleep 5"', [
    ["homeostat.json:3:34", '"," or "}"', "the end of the file"],
  ]),
  json("duplicate names in JSON", '{ "services": {},\n  "services": {} }', [
    ["homeostat.json:2:3", "each name once", '"services" again'],
  ]),
  json("an empty JSON file", "", [["homeostat.json:1:1", "a value", "the end of the file"]]),
  {
    name: "a package.json that is broken",
    files: { "package.json": '{ "name": "x", }' },
    problems: [["package.json:1:16", "a name in double quotes", '"}"']],
  },
  {
    name: "a config of an unknown kind",
    files: { "homeostat.toml": "[services]" },
    config: "homeostat.toml",
    problems: [["homeostat.toml", "a name that ends in .ts, .js, .mjs, .yaml", "toml"]],
  },
];

export const unreadables: readonly Broken[] = [...modules, ...texts].map((it) => ({
  ...it,
  code: "CONFIG_UNREADABLE",
}));
