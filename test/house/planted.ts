// A small sound tree in memory, and one fault of each kind to plant in it.
import type { Rule } from "./architecture.ts";
import type { SourceFile } from "./tree.ts";

const sentence = "// Says what this file is for.\n";

export function file(path: string, body: string): SourceFile {
  return { path, text: `${sentence}${body}\n` };
}

/** A small tree that keeps every rule, with all that is allowed and looks like a fault. */
export const sound: readonly SourceFile[] = [
  file("src/kernel/clock.ts", "export const now = (): number => Date.now();"),
  file("src/model/reading.ts", "export interface Reading { readonly value: number }"),
  file("src/protocol/api.ts", 'import type { Reading } from "../model/reading.ts";'),
  file("src/probes/probe.ts", 'import type { Reading } from "../model/reading.ts";'),
  file("src/probes/http.ts", 'import type { Probe } from "./probe.ts";'),
  file("src/probes/http.test.ts", 'import { fake } from "../testing/fake.ts"; setTimeout(f, 1);'),
  file("src/stores/sqlite.ts", 'import type { Reading } from "../model/reading.ts";'),
  file("src/platforms/linux.ts", "export const pid = (): string | undefined => process.env.PID;"),
  file("src/platforms/capture.ts", "export const wait = setTimeout;"),
  file(
    "src/controller/loop.ts",
    [
      'import type { Probe } from "../probes/probe.ts";',
      '// Date.now() and setTimeout in a comment, "Math.random()" in a string:',
      'export const text = "Math.random() process.env" + `setTimeout(${JSON.stringify(1)})`;',
      "export const shown = new Date(0).toISOString();",
      "socket.setTimeout(500);",
      "export const pattern = /Date.now|'/;",
    ].join("\n"),
  ),
  file(
    "src/wiring/assemble.ts",
    'import { http } from "../probes/http.ts";\nimport { wait } from "../platforms/capture.ts";',
  ),
  file("src/runtime/health/health.ts", 'import type { Bus } from "../parts/bus.ts";'),
  file("src/runtime/app.ts", 'import "./health/health.ts";'),
  file("src/testing/fake.ts", 'import { sqlite } from "../stores/sqlite.ts"; setImmediate(f);'),
  file("src/testing/index.ts", 'export { fake } from "./fake.ts";'),
  file("src/index.ts", 'export { sqlite } from "./stores/sqlite.ts";'),
  { path: "src/cli/main.ts", text: `#!/usr/bin/env node\n${sentence}process.env.X;\n` },
  file("dashboard/src/main.tsx", 'import type { Api } from "../../src/protocol/api.ts";'),
  file("examples/shop/web.ts", 'import { createApp } from "homeostat";'),
  file("test/process/long.test.ts", "x;\n".repeat(400)),
  {
    path: "docs/guide.md",
    text: "Served at http://127.0.0.1:7700/home/ and kept in .homeostat/\n",
  },
  { path: "package-lock.json", text: '{ "resolved": "dashboard" }' },
];

export const lines = (count: number): string => "let x = 1;\n".repeat(count);
const machine = (name: string): string => `/${name}/someone/homeostat`;

export const planted: readonly (readonly [name: string, Rule, ...SourceFile[]])[] = [
  ["an import from above", "floor", file("src/kernel/up.ts", 'import "../controller/loop.ts";')],
  [
    "a type from above",
    "floor",
    file("src/model/up.ts", 'import type { A } from "../protocol/api.ts";'),
  ],
  ["a sibling among engines", "floor", file("src/gateway/x.ts", 'import "../supervisor/y.ts";')],
  [
    "a part that knows another",
    "floor",
    file("src/runtime/health/x.ts", 'import "../events/bus.ts";'),
  ],
  ["a sibling among kinds", "floor", file("src/probes/tcp.ts", 'import "../stores/store.ts";')],
  [
    "a re-export from above",
    "floor",
    file("src/policies/x.ts", 'export * from "../wiring/assemble.ts";'),
  ],
  ["an import() from above", "floor", file("src/server/x.ts", 'await import("../cli/main.ts");')],
  ["a folder on no floor", "floor", file("src/helpers/x.ts", 'import "../kernel/clock.ts";')],
  ["a test kit in the product", "floor", file("src/server/x.ts", 'import "../testing/fake.ts";')],
  [
    "a test kit that needs the server",
    "floor",
    file("src/testing/x.ts", 'import "../server/y.ts";'),
  ],
  ["a face used from within", "floor", file("src/server/x.ts", 'import "../index.ts";')],
  ["the package used from within", "floor", file("src/server/x.ts", 'import "homeostat";')],
  ["a test imported by the product", "floor", file("src/server/x.ts", 'import "../../test/y.ts";')],
  [
    "the machinery in the dashboard",
    "floor",
    file("dashboard/src/x.ts", 'import "../../src/server/y.ts";'),
  ],
  [
    "an example behind the face",
    "floor",
    file("examples/shop/x.ts", 'import "../../src/kernel/clock.ts";'),
  ],
  [
    "a concrete kind",
    "contract",
    file("src/controller/x.ts", 'import { http } from "../probes/http.ts";'),
  ],
  ["a concrete kind in the cli", "contract", file("src/cli/x.ts", 'import "../stores/sqlite.ts";')],
  [
    "the capture outside wiring",
    "contract",
    file("src/controller/x.ts", 'import "../platforms/capture.ts";'),
  ],
  [
    "a circle of files",
    "circle",
    file("src/model/a.ts", 'import "./b.ts";'),
    file("src/model/b.ts", 'import "./a.ts";'),
  ],
  [
    "a circle of types",
    "circle",
    file("src/model/a.ts", 'import type { B } from "./b.ts";'),
    file("src/model/b.ts", 'import type { C } from "./c.ts";'),
    file("src/model/c.ts", 'import type { A } from "./a.ts";'),
  ],
  ["a file that imports itself", "circle", file("src/model/a.ts", 'import "./a.ts";')],
  [
    "a circle of folders without one of files",
    "circle",
    file("src/runtime/a.ts", 'import "../policies/b.ts";'),
    file("src/policies/c.ts", 'import "../runtime/d.ts";'),
  ],
  ["Date.now", "global", file("src/controller/x.ts", "Date.now();")],
  ["new Date()", "global", file("src/controller/x.ts", "new Date();")],
  ["new Date without brackets", "global", file("src/controller/x.ts", "const d = new Date;")],
  ["performance.now", "global", file("src/controller/x.ts", "performance . now();")],
  ["process.hrtime", "global", file("src/controller/x.ts", "process.hrtime.bigint();")],
  ["AbortSignal.timeout", "global", file("src/controller/x.ts", "AbortSignal.timeout(5);")],
  ["setTimeout", "global", file("src/controller/x.ts", "setTimeout(f, 1);")],
  ["setTimeout of globalThis", "global", file("src/index.ts", "globalThis.setTimeout(f, 1);")],
  ["setInterval", "global", file("src/controller/x.ts", "setInterval(f, 1);")],
  ["setImmediate", "global", file("src/controller/x.ts", "setImmediate(f);")],
  ["setTimeout in the test kit", "global", file("src/testing/x.ts", "setTimeout(f);")],
  ["a timer module", "global", file("src/server/x.ts", 'import t from "node:timers/promises";')],
  ["Math.random", "global", file("src/controller/x.ts", "Math.random();")],
  ["process.env", "global", file("src/controller/x.ts", "process.env.HOME;")],
  ["a global inside a template", "global", file("src/server/x.ts", "`at ${`${Date.now()}`}`;")],
  [
    "a global after a regular expression",
    "global",
    file("src/server/x.ts", 'f(/["`]/); Date.now();'),
  ],
  ["a long file", "file length", file("src/controller/x.ts", lines(250))],
  ["a long file of the dashboard", "file length", file("dashboard/src/x.tsx", lines(250))],
  [
    "a long function",
    "function length",
    file("src/server/x.ts", `function f(): void {\n${lines(69)}}`),
  ],
  [
    "a long arrow function",
    "function length",
    file("src/server/x.ts", `const f = (a: A) => {\n${lines(70)}};`),
  ],
  [
    "a long method after a type with braces",
    "function length",
    file("src/server/x.ts", `class A { async f<T>(a: T): Promise<{ b: T }> {\n${lines(70)}} }`),
  ],
  ["no first line", "first line", { path: "src/server/x.ts", text: "export const x = 1;\n" }],
  ["no full stop", "first line", { path: "bench/x.ts", text: "// Says what this is for\n" }],
  ["a word for a sentence", "first line", { path: "scripts/x.ts", text: "// Server.\n" }],
  ["put-off work", "put off", file("src/server/x.ts", `// TO${""}DO: think`)],
  ["work to mend", "put off", file("test/x.test.ts", `// FIX${""}ME`)],
  ["a silenced type", "put off", file("src/server/x.ts", `// @ts-${"ignore"}`)],
  ["a type of any", "put off", file("sim/x.ts", `x as ${"any"};`)],
  [
    "a path of a machine",
    "machine name",
    { path: "README.md", text: `Look into ${machine("work")}.` },
  ],
  ["a path of a person", "machine name", file("src/server/x.ts", `open("${machine("home")}");`)],
  ["a path of root", "machine name", { path: "x.yaml", text: `dir: ${machine("root")}` }],
  [
    "a registry",
    "machine name",
    { path: ".npmrc", text: `registry=https://registry.npm${"js.org"}/` },
  ],
  [
    "an address in the lockfile",
    "machine name",
    { path: "package-lock.json", text: '"resolved": "https://x.y/z.tgz"' },
  ],
];
