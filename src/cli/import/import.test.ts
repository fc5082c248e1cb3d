// What an import makes of single lines: words, sections, expressions, names, what has no counterpart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, literal, namer } from "./draft.ts";
import { expand, readIni } from "./ini.ts";
import { importPm2 } from "./pm2.ts";
import { importProcfile } from "./procfile.ts";
import { importSupervisord } from "./supervisord.ts";
import { readPairs } from "./supervisord-words.ts";
import { yamlOf } from "./text.ts";
import { shellWords } from "./words.ts";

test("a line is split as a shell splits it", () => {
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    [`a  "b c" 'd "e"' f\\ g`, ["a", "b c", 'd "e"', "f g"]],
    [`x"y"'z' "" '\\n' "\\n\\""`, ["xyz", "", "\\n", '\\n"']],
    ["  ", []],
    [`open "end`, undefined],
  ];
  for (const [line, words] of cases) assert.deepEqual(shellWords(line), words, line);
});

test("a command is one line only where that reads back as the same words", () => {
  assert.equal(commandOf(["node", "web.js", "--port=80"]), "node web.js --port=80");
  for (const words of [["a b"], ["echo", "$HOME"], ["X=1", "y"], ["a*"]]) {
    assert.deepEqual(commandOf(words), words);
  }
  assert.equal(literal(`\${name} $\${index} \${PORT}`), `$\${name} $$\${index} \${PORT}`);
});

test("names are made to fit, each its own, and told", () => {
  const name = namer();
  const notes: string[] = [];
  const names = ["Web_1", "web-1", "9", "constructor", "a".repeat(60)].map((it) => name(it, notes));
  assert.deepEqual(names, ["web-1", "web-1-2", "service", "service-2", "a".repeat(39)]);
  assert.equal(notes.length, 5);
});

test("an ini file has comments, continued lines and odd ones", () => {
  const { sections, odd } = readIni(
    "; c\n[a]\nKey = 1 ; not this\nurl=http://x/;y#z\nlist=\n  b,\n  c\n\nnothing\n[a]\nmore: 2\n",
  );
  assert.equal(sections.length, 1);
  assert.deepEqual(Object.fromEntries(sections[0]?.entries ?? []), {
    ...{ key: "1", url: "http://x/;y#z", list: "b,\nc", more: "2" },
  });
  assert.deepEqual(odd, ["line 9: nothing"]);
});

test("expressions are filled in, and unknown ones are told and left", () => {
  const missing: string[] = [];
  const values = new Map<string, string | number>([
    ["n", 7],
    ["name", "web"],
  ]);
  const text = expand("%(name)s_%(n)02d 50%% %(x)s", values, (it) => missing.push(it));
  assert.equal(text, "web_07 50% %(x)s");
  assert.deepEqual(missing, ["x"]);
  assert.deepEqual(readPairs(`A="1, 2",B=two,\n C='x "y"'`), [
    ...([
      ["A", "1, 2"],
      ["B", "two"],
      ["C", 'x "y"'],
    ] as const),
  ]);
});

test("every key of a program is carried over or told", () => {
  const keys = "command=x\nuser=u\nautorestart=true\nexitcodes=0,2\nstopsignal=USR1\nnovel=1\n";
  const ini = readIni(`[program:a]\n${keys}[fcgi-program:b]\ncommand=y\n`);
  const around = { here: "/srv", host: "h", env: {} };
  const { drafts, notes } = importSupervisord(ini, around);
  assert.deepEqual(drafts[0]?.settings, {
    ...{ command: "x", user: "u", restart: { when: "always", expectedExits: [0, 2] } },
  });
  assert.deepEqual(drafts[0]?.notes, [
    "stopsignal=USR1: only TERM, INT, QUIT, HUP, USR2 and KILL are known here",
    "novel=1 is not carried over",
  ]);
  assert.deepEqual(notes, ["[fcgi-program:b] has no counterpart: y"]);
});

test("pm2 apps keep what pm2 does in silence", () => {
  const around = { env: undefined, folder: "api", processors: 4 };
  const app = { script: "./a.sh", instances: -1, cron_restart: "@daily", merge_logs: true };
  const { drafts } = importPm2([app], around) ?? { drafts: [] };
  assert.deepEqual(drafts[0]?.settings, {
    ...{ command: "bash ./a.sh", cwd: "api", replicas: 3 },
    ...{ env: { NODE_APP_INSTANCE: `\${index}` }, restart: { when: "always" } },
    stop: { signal: "SIGINT", wait: "1600ms" },
  });
  assert.equal(drafts[0]?.notes.length, 3);
  assert.equal(importPm2({ nothing: 1 }, around), undefined);
});

test("a Procfile gives a port to who is reached by clients alone", () => {
  const { drafts } = importProcfile(`a: x\nweb: y\nz: run --port \${PORT}`, {
    ...{ hasEnv: true, cwd: undefined },
  });
  assert.deepEqual(
    drafts.map(({ settings }) => settings),
    [
      { command: "x", envFiles: [".env?"] },
      { command: "y", envFiles: [".env?"], port: 5_100 },
      { command: `run --port \${PORT}`, envFiles: [".env?"], port: 5_200 },
    ],
  );
});

test("what was not carried over stands above its service, in one line each", () => {
  const draft = { name: "web", settings: { command: "x" }, notes: ["a\nb"] };
  const refused = [{ service: "web", key: "user", value: "u", why: "expected another" }];
  assert.equal(
    yamlOf({ drafts: [draft], notes: ["all"] }, ["head"], refused),
    '# head\n# all\n\nservices:\n  # a b\n  # user: "u"  (expected another)\n  web:\n    command: x\n',
  );
});
