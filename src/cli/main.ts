#!/usr/bin/env node
// The face of the daemon on the command line: parse, call, print, exit code.
import { Command, CommanderError } from "commander";
import { codes, exitCode, HomeostatError, messageOf } from "../kernel/errors.ts";
import { version } from "../wiring/version.ts";
import { logs } from "./commands/logs.ts";
import { explain, exportIncident, incidents, showIncident, status } from "./commands/look.ts";
import { approve, deny, down, pause, restart, resume } from "./commands/order.ts";
import { replayJournal } from "./commands/replay.ts";
import { check, up } from "./commands/up.ts";
import { paint } from "./print.ts";

function build(): Command {
  const program = new Command("homeostat")
    .description("Keeps services alive without waking anyone.")
    .version(version)
    .option("--folder <folder>", "the project folder (default: this folder)")
    .option("--config <file>", "the config file (default: homeostat.config.ts, homeostat.yaml, …)")
    .option("--json", "print JSON")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const add = (name: string, text: string): Command =>
    program
      .command(name)
      .description(text)
      .exitOverride()
      .configureOutput({ outputError: () => {} });
  const all = <T>(command: Command): T => command.optsWithGlobals() as T;

  add("up", "run the services of this folder and look after them")
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .action((_: unknown, command: Command) => up(all(command)));
  add("down", "stop the services and the daemon").action((_: unknown, c: Command) => down(all(c)));
  add("status", "how everything is, in one sentence and a table").action((_: unknown, c: Command) =>
    status(all(c)),
  );
  add("logs [service]", "the last lines of each instance")
    .option("-n, --lines <count>", "lines of each", "20")
    .option("-f, --follow", "go on with what comes")
    .action((service: string | undefined, _: unknown, c: Command) => logs(service, all(c)));
  const list = add("incidents", "what went wrong and what was done");
  list.action((_: unknown, c: Command) => incidents(all(c)));
  list
    .command("show <id>")
    .description("one incident, step by step")
    .action((id: string, _: unknown, c: Command) => showIncident(id, all(c)));
  list
    .command("export <id>")
    .description("one incident as Markdown")
    .action((id: string, _: unknown, c: Command) => exportIncident(id, all(c)));
  add("explain <id>", "why each step of an incident was taken or refused").action(
    (id: string, _: unknown, c: Command) => explain(id, all(c)),
  );
  add("pause [reason...]", "stop all healing; services keep running").action(
    (reason: readonly string[], _: unknown, c: Command) => pause(reason, all(c)),
  );
  add("resume", "let healing go on").action((_: unknown, c: Command) => resume(all(c)));
  add("approve <id>", "allow what an approval asks for").action(
    (id: string, _: unknown, c: Command) => approve(id, all(c)),
  );
  add("deny <id>", "refuse what an approval asks for").action(
    (id: string, _: unknown, c: Command) => deny(id, all(c)),
  );
  add("restart <service>", "replace its instances one by one, losing no request").action(
    (service: string, _: unknown, c: Command) => restart(service, all(c)),
  );
  add("check", "check the config and show what it means").action((_: unknown, c: Command) =>
    check(all(c)),
  );
  add("replay", "run the journal through the rules again and compare").action(
    (_: unknown, c: Command) => replayJournal(all(c)),
  );
  return program;
}

/** 0 clean, 1 unhandled, 75 a dependency is missing, 78 config or usage. */
async function main(): Promise<void> {
  try {
    await build().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return;
      return fail(new HomeostatError("USAGE", error.message.replace(/^error: /, "")));
    }
    fail(error);
  }
}

function fail(error: unknown): void {
  const asJson = process.argv.includes("--json");
  if (error instanceof HomeostatError) {
    const { code, message, hint, details } = error;
    const known = code in codes ? hint : "";
    process.stderr.write(
      asJson
        ? `${JSON.stringify({ error: { code, message, hint: known, details } })}\n`
        : `${paint("bad", message)}\n${paint("dim", known)}\n`,
    );
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    process.stderr.write(`${text}\n`);
  }
  process.exitCode = exitCode(error);
}

await main();
