// Runs what the documents show, and follows their links.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { after, describe, test } from "node:test";
import { anchorsOf, linksOf } from "./house/markdown.ts";
import { checkTypes, run, snippetsOf, writeOut } from "./house/snippets.ts";
import { readTree, root } from "./house/tree.ts";

const documents = readTree().filter(({ path }) => path.endsWith(".md"));
const shown = documents.filter(({ path }) => path === "README.md" || path.startsWith("docs/"));

describe("the TypeScript in README and docs", { concurrency: 2 }, () => {
  const snippets = snippetsOf(shown);
  const folder = writeOut(snippets);
  after(folder.remove);
  if (snippets.length === 0) return;

  test("has sound types", async () => {
    const { code, output } = await checkTypes(folder.path);
    assert.equal(code, 0, output);
  });
  for (const snippet of snippets.filter(({ runs }) => runs)) {
    test(`runs: ${snippet.place}`, async () => {
      const { code, output } = await run(folder.path, snippet);
      assert.equal(code, 0, output);
    });
  }
});

test("links of the documents lead to files that exist", () => {
  const anchors = new Map(documents.map(({ path, text }) => [path, anchorsOf(text)]));
  const dead = documents.flatMap(({ path, text }) =>
    linksOf(text).flatMap(({ target, line }) => {
      if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) return [];
      const [file = "", anchor] = decodeURI(target).split("#");
      const to = file === "" ? path : posix.join(posix.dirname(path), file);
      const known = anchors.get(to);
      if (!existsSync(join(root, to)))
        return [`${path}:${line} leads to ${to}, which is not there`];
      if (anchor === undefined || known === undefined || known.has(anchor)) return [];
      return [`${path}:${line} leads to #${anchor}, which ${to} does not have`];
    }),
  );
  assert.deepEqual(dead, []);
});
