// The test of the tests of the documents: bad snippets, links and rows must be seen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anchorsOf, blocksOf, linksOf, rowsOf } from "./markdown.ts";
import { checkTypes, run, snippetsOf, writeOut } from "./snippets.ts";

const fence = "```";
const page = `# A page

${fence}ts
import { strict } from "node:assert";
strict.equal(1 + 1, 2);
${fence}

${fence}ts
throw new Error("a broken example");
${fence}

${fence}ts no-run
const wrong: number = "a wrong type";
${fence}

${fence}sh
npm test # no [link](nowhere.md)
${fence}

A [link](other.md#part), ![a picture](shot.png "title"), \`[code](no.md)\`, <img src="dark.png">.

[later]: last.md

| code | meaning |
|---|---|
| A | this \\| that |
`;

test("finds the blocks, their marks and their lines", () => {
  const snippets = snippetsOf([{ path: "docs/page.md", text: page }]);
  assert.deepEqual(
    snippets.map(({ place, file, runs }) => [place, file, runs]),
    [
      ["docs/page.md:4", "docs-page-4.ts", true],
      ["docs/page.md:9", "docs-page-9.ts", true],
      ["docs/page.md:13", "docs-page-13.ts", false],
    ],
  );
  assert.equal(blocksOf(page).length, 4);
});

test("runs snippets in Node and checks their types all together", async (t) => {
  const snippets = snippetsOf([{ path: "page.md", text: page }]);
  const folder = writeOut(snippets);
  t.after(folder.remove);
  const [good, broken] = await Promise.all(snippets.slice(0, 2).map((s) => run(folder.path, s)));
  assert.equal(good?.code, 0, good?.output);
  assert.equal(broken?.code, 1);
  assert.match(broken?.output ?? "", /a broken example/);
  const types = await checkTypes(folder.path);
  assert.notEqual(types.code, 0);
  assert.match(types.output, /page-13\.ts\(1,7\)/);
  assert.doesNotMatch(types.output, /page-4|page-9/);
});

test("finds links outside code, with their lines", () => {
  const targets = linksOf(page).map(({ target, line }) => `${line} ${target}`);
  assert.deepEqual(targets, ["20 other.md#part", "20 shot.png", "22 last.md", "20 dark.png"]);
});

test("makes anchors as the hosts of repositories do", () => {
  const anchors = anchorsOf("# The `loop`, in short\n## 2. Two words\n## 2. Two words\n");
  assert.deepEqual([...anchors], ["the-loop-in-short", "2-two-words", "2-two-words-1"]);
});

test("reads tables, and refuses a row with a cell too many", () => {
  assert.deepEqual(rowsOf(page, "code"), [{ code: "A", meaning: "this | that" }]);
  assert.throws(() => rowsOf("| a | b |\n|---|---|\n| 1 | 2 | 3 |", "a"), /3 cells/);
});
