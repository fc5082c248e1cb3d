// What an env file may say, and what is told of one that cannot be read.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: env files are written so.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Fault, readEnvFile } from "./dotenv.ts";

const around = { HOST: "db.local", EMPTY: "" };

function values(text: string): Readonly<Record<string, string>> {
  const read = readEnvFile(text, around);
  assert.ok(read.ok, JSON.stringify(read));
  return read.values;
}

function fault(text: string): Fault {
  const read = readEnvFile(text, around);
  assert.ok(!read.ok, JSON.stringify(read));
  return read.fault;
}

/** Each line with the value of A that it sets. */
const lines: readonly (readonly [line: string, value: string])[] = [
  ["A=1", "1"],
  ["export A=1", "1"],
  ["  A = two words  ", "two words"],
  ["A=", ""],
  ["A= # nothing", ""],
  ["A=x # a comment", "x"],
  ["A=x#y", "x#y"],
  ["A=http://h/#top", "http://h/#top"],
  ["A='it # is $HOME ${HOST} \\n'  # comment", "it # is $HOME ${HOST} \\n"],
  ['A=`it\'s "quoted"`', 'it\'s "quoted"'],
  ['A="say \\"hi\\" \\\\ \\t| \\$5 \\q"', 'say "hi" \\ \t| $5 \\q'],
  ['A="one\\ntwo"', "one\ntwo"],
  ['A="one\ntwo # no comment"', "one\ntwo # no comment"],
  ["A='one\ntwo'", "one\ntwo"],
  ["A=C:\\new\\table", "C:\\new\\table"],
  ["A=${HOST}:5432", "db.local:5432"],
  ['A="${HOST}:${NO-1}"', "db.local:1"],
  ["A=\\${HOST}", "${HOST}"],
  ["A=$HOST and $5", "$HOST and $5"],
  ["A=${EMPTY:-other}${EMPTY-other}", "other"],
  ["A=${NO:-}", ""],
  ["B=1\nA=${B}2", "12"],
  ["HOST=own\nA=${HOST}", "own"],
  ["A=1\nA=2", "2"],
  ["# first\r\n\r\nA=1\r\n", "1"],
  ["A=a=b==", "a=b=="],
];

describe("an env file", () => {
  for (const [line, value] of lines) {
    it(JSON.stringify(line), () => assert.equal(values(line).A, value));
  }

  it("may be empty", () => assert.deepEqual(values("\n# nothing\n"), {}));

  it("may set what every object has", () => {
    assert.deepEqual(Object.entries(values("constructor=1\n")), [["constructor", "1"]]);
    assert.match(fault("A=${toString}").got, /toString/);
  });

  for (const [text, line, expected, got] of [
    ["A=1\nsecret words", 2, "NAME=value", "something else"],
    ["=secret", 1, "NAME=value", "something else"],
    ["1A=secret", 1, "NAME=value", "something else"],
    ['A=1\n\nB="secret', 3, 'a closing "', "B without one"],
    ["A='secret' more", 1, "nothing after the closing '", "more, at A"],
    ["A=secret${NO}", 1, "a variable that is set before", '"NO"'],
    ["A=secret${HOST", 1, "${NAME}", "${ without }"],
    ["A=secret${a b}", 1, "a name such as ${HOST}", "something else"],
  ] as const) {
    it(`tells line ${line} of ${JSON.stringify(text)} and no value`, () => {
      const told = fault(text);
      assert.equal(told.line, line);
      assert.ok(told.expected.includes(expected), told.expected);
      assert.ok(told.got.includes(got), told.got);
      assert.doesNotMatch(`${told.expected} ${told.got}`, /secret/);
    });
  }

  it("of more than 1,000 entries is refused", () => {
    const text = Array.from({ length: 1_001 }, (_, i) => `V${i}=1`).join("\n");
    assert.deepEqual(fault(text), { line: 1_001, expected: "1000 entries", got: "more" });
  });

  it("gives back any value that was written in double quotes", () => {
    const written = (value: string): string =>
      `A="${value
        .replaceAll(/["\\$]/g, "\\$&")
        .replaceAll("\n", "\\n")
        .replaceAll("\r", "\\r")}"`;
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        assert.equal(values(written(value)).A, value);
      }),
    );
  });

  it("is read in time that grows with its length", () => {
    for (const piece of ["A=${", 'A="\\', "export ", "A=#", "A='\n"]) {
      const started = performance.now();
      readEnvFile(piece.repeat(100_000), around);
      assert.ok(performance.now() - started < 2_000, piece);
    }
  });
});
