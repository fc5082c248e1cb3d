// A reporter for node:test: one line a file with counts and time, and each failure in full.
import { writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { EventData } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";
import { add, line, none, type Tally } from "./tally.ts";

type Failure = EventData.TestFail;

/** What a file has shown so far; it is told when the next file begins. */
interface Page {
  readonly file: string;
  tally: Tally;
  /** Sum of its tests. */
  ms: number;
  /** Of its process, where it had one of its own. */
  wholeMs: number | undefined;
  /** The last of what it wrote; shown when something failed. */
  output: string;
  readonly failures: string[];
}

const maxOutput = 16_000;

/** Yields the report; leaves the totals as JSON in the file that HOMEOSTAT_TEST_TALLY names. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let total = none;
  let page: Page | undefined;
  const path: string[] = [];
  const close = (): string => {
    const told = page === undefined ? "" : print(page);
    total = add(total, page?.tally ?? none);
    page = undefined;
    return told;
  };
  for await (const event of events) {
    const file = fileOf(event);
    if (file !== undefined && page?.file !== file) {
      yield close();
      page = { file, tally: none, ms: 0, wholeMs: undefined, output: "", failures: [] };
    }
    if (event.type === "test:start") path.splice(event.data.nesting, path.length, event.data.name);
    if (page !== undefined) read(event, page, path);
  }
  yield close();
  const place = process.env.HOMEOSTAT_TEST_TALLY;
  if (place !== undefined) writeFileSync(place, JSON.stringify(total));
}

/**
 * The file that an event is about; what a process wrote names it as it was given, tests name it
 * whole. Events of the whole run, and ends of files, open no page.
 */
function fileOf({ type, data }: TestEvent): string | undefined {
  switch (type) {
    case "test:start":
    case "test:pass":
    case "test:fail":
    case "test:stdout":
    case "test:stderr":
      return data.file === undefined ? undefined : resolve(data.file);
    default:
      return undefined;
  }
}

/** With a process for each file, node:test tells the end of the file as a test of its name. */
function isFileItself(data: { name: string; nesting: number; file?: string }): boolean {
  if (data.nesting > 0 || data.file === undefined) return false;
  return resolve(data.name) === resolve(data.file);
}

function read(event: TestEvent, page: Page, path: readonly string[]): void {
  const { type, data } = event;
  if (type === "test:stdout" || type === "test:stderr") {
    page.output = (page.output + data.message).slice(-maxOutput);
  } else if (type === "test:pass") {
    page.tally = add(page.tally, passOf(data));
  } else if (type === "test:fail") {
    readFailure(data, page, path);
  } else if (type === "test:diagnostic" && isLate(data.message)) {
    page.tally = add(page.tally, { failed: 1 });
    page.failures.push(data.message);
  } else if (type === "test:complete" && isFileItself(data)) {
    if (resolve(data.file ?? "") === page.file) page.wholeMs = data.details.duration_ms;
  }
  const isResult = type === "test:pass" || type === "test:fail";
  if (isResult && data.nesting === 0) page.ms += data.details.duration_ms;
}

/** A suite is no test, and neither is a file that held none. */
function passOf(data: EventData.TestPass): Partial<Tally> {
  if (isFileItself(data) || data.details.type === "suite") return {};
  return isSet(data.skip) || isSet(data.todo) ? { skipped: 1 } : { passed: 1 };
}

function isSet(mark: string | boolean | undefined): boolean {
  return mark !== undefined && mark !== false;
}

/**
 * A parent whose subtests failed has nothing of its own to tell. A file that exits badly is one
 * more failure only when none of its tests told one.
 */
function readFailure(data: Failure, page: Page, path: readonly string[]): void {
  const type = (data.details.error as { failureType?: string }).failureType;
  if (isSet(data.todo)) page.tally = add(page.tally, { skipped: 1 });
  else if (type !== "subtestsFailed") {
    const isKnown = isFileItself(data) && page.tally.failed > 0;
    page.tally = add(page.tally, { failed: isKnown ? 0 : 1 });
    page.failures.push(printFailure(data, path));
  }
}

/** Work that outlived its test and then threw: nothing else would count it. */
function isLate(message: string): boolean {
  return message.includes("asynchronous activity after the test ended");
}

function print({ file, tally, ms, wholeMs, output, failures }: Page): string {
  const head = `${line(relative(process.cwd(), file), tally, wholeMs ?? ms)}\n`;
  if (failures.length === 0) return head;
  const written = output.trim() === "" ? "" : `  it wrote:\n${indent(output.trimEnd())}\n`;
  return `${head}${failures.map((failure) => `${indent(failure)}\n`).join("\n")}${written}`;
}

function printFailure(data: Failure, path: readonly string[]): string {
  const name = [...path.slice(0, data.nesting), data.name].join(" › ");
  const place = `${relative(process.cwd(), data.file ?? "")}:${data.line ?? 1}`;
  const { error } = data.details;
  return `${name}\n  at ${place}\n${indent(printError(error.cause ?? error))}`;
}

/** The stack of an error already shows its difference; other properties would repeat it. */
function printError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : inspect(error);
  const stack = (error.stack ?? error.message)
    .split("\n")
    .filter((frame) => !/^\s+at .*\(?node:internal/.test(frame))
    .join("\n");
  return error.cause === undefined ? stack : `${stack}\ncaused by ${printError(error.cause)}`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
