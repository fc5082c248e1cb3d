// The test of the test: plants one fault of each kind and proves that the checker catches it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check, print, type Rule } from "./architecture.ts";
import { file, lines, planted, sound } from "./planted.ts";

test("a sound tree passes", () => {
  assert.deepEqual(check(sound).map(print), []);
});

/** A way up is a circle of folders too wherever the tree has the way down. */
const crossing: ReadonlySet<Rule> = new Set(["floor", "circle"]);

for (const [name, rule, ...faults] of planted) {
  test(`catches ${name}`, () => {
    const violations = check([...sound, ...faults]);
    const told = violations.map(print).join("\n");
    assert.ok(
      violations.some((violation) => violation.rule === rule),
      `no ${rule} was found: ${told}`,
    );
    const others = violations.filter((violation) => violation.rule !== rule);
    assert.ok(
      others.every((other) => crossing.has(rule) && crossing.has(other.rule)),
      told,
    );
  });
}

test("a limit is allowed to its last line", () => {
  const files = [
    file("src/controller/x.ts", lines(249).trimEnd()),
    file("src/server/x.ts", `function f(): void {\n${lines(68)}}`),
  ];
  assert.deepEqual(check(files).map(print), []);
});

test("a violation names the line", () => {
  const [violation] = check([file("src/controller/x.ts", "const x = `\n\n`;\nDate.now();")]);
  assert.equal(violation?.line, 5);
});
