#!/usr/bin/env node
// The face of the daemon on the command line: parse, call, print, exit code.
import { Command, CommanderError, Option } from "commander";
import { version } from "../kernel/version.ts";
import { apps, orderApp } from "./commands/apps.ts";
import { heartbeat } from "./commands/heartbeat.ts";
import { logs, logsHelp } from "./commands/logs.ts";
import { explain, exportIncident, incidents, showIncident, status } from "./commands/look.ts";
import { approve, deny, down, pause, restart, resume } from "./commands/order.ts";
import { orderForms } from "./commands/order-words.ts";
import { replayJournal } from "./commands/replay.ts";
import { runJob, start, stop } from "./commands/service.ts";
import { check, up } from "./commands/up.ts";
import { fail } from "./fail.ts";
import { unknownCommand, usageError } from "./usage.ts";

const exitCodes = `
Exit codes: 0 it is done · 1 a fault of Homeostat itself · 75 the daemon or what was named is not
there · 78 the config or the command line is wrong; all problems are told at once.`;

function build(): Command {
  const program = rooted(new Command("homeostat"))
    .description("Keeps services alive without waking anyone.")
    .version(version)
    .option("--folder <folder>", "the project folder (default: this folder)")
    .option("--config <file>", "the config file (default: homeostat.config.ts, homeostat.yaml, …)")
    .option("--json", "print JSON")
    .addHelpText("after", exitCodes);
  const add = (name: string, text: string): Command =>
    rooted(program.command(name).description(text));
  add("up", "run the services of this folder and look after them")
    .addOption(
      new Option("--log-level <level>", "how much the daemon tells")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .addOption(dashboardPort())
    .addOption(profile())
    .action((_: unknown, command: Command) => up(all(command)));
  add("down", "stop the services and the daemon").action((_: unknown, c: Command) => down(all(c)));
  add("status", "how everything is, in one sentence and a table").action((_: unknown, c: Command) =>
    status(all(c)),
  );
  addLogs(add);
  const list = add("incidents", "what went wrong and what was done");
  list.allowExcessArguments().action((_: unknown, c: Command) => {
    const [what] = c.args;
    if (what !== undefined) throw unknownCommand(c, what);
    return incidents(all(c));
  });
  rooted(list.command("show <id>"))
    .description("one incident, step by step")
    .action((id: string, _: unknown, c: Command) => showIncident(id, all(c)));
  rooted(list.command("export <id>"))
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
  addServices(add);
  addApps(add);
  addHeartbeat(add);
  add("check", "check the config and show what it means")
    .addOption(dashboardPort())
    .addOption(profile())
    .action((_: unknown, c: Command) => check(all(c)));
  add("replay", "run the journal through the rules again and compare").action(
    (_: unknown, c: Command) => replayJournal(all(c)),
  );
  return program;
}

const all = <T>(command: Command): T => command.optsWithGlobals() as T;

function addLogs(add: (name: string, text: string) => Command): void {
  add("logs [names...]", "the last lines of services and instances, merged by time")
    .option("-n, --lines <count>", "lines of each log (default: 20, with --since all)")
    .option("-f, --follow", "go on with what comes")
    .option("--since <moment>", "a duration such as 10m, or a time")
    .option("--grep <expression>", "only what fits a regular expression")
    .option("--errors", "only what tells an error, with its stack")
    .option("-t, --time", "the time of each line before it")
    .option("--rate <lines>", "lines a second of one log that are followed at most")
    .addHelpText("after", logsHelp)
    .action((names: readonly string[], _: unknown, c: Command) => logs(names, all(c)));
}

function addServices(add: (name: string, text: string) => Command): void {
  add("restart <service>", "replace the instances of a service or group, losing no request").action(
    (name: string, _: unknown, c: Command) => restart(name, all(c)),
  );
  add("stop <service>", "end a service or group; nothing but people starts it again").action(
    (name: string, _: unknown, c: Command) => stop(name, all(c)),
  );
  add("start <service>", "start a service or group, what it depends on first").action(
    (name: string, _: unknown, c: Command) => start(name, all(c)),
  );
  add("run <job>", "run a job now, and wait for its end")
    .option("--detach", "do not wait")
    .action((name: string, _: unknown, c: Command) => runJob(name, all(c)));
}

function addApps(add: (name: string, text: string) => Command): void {
  add("apps", "what the apps inside the services say of themselves").action(
    (_: unknown, c: Command) => apps(all(c)),
  );
  add("order <target> <words...>", "tell the app of an instance to do something")
    .option("--for <duration>", "how long a feature is held, or how long a profile is")
    .addHelpText("after", `\nOrders:\n${orderForms}`)
    .action((target: string, words: readonly string[], _: unknown, c: Command) =>
      orderApp(target, words, all(c)),
    );
}

function addHeartbeat(add: (name: string, text: string) => Command): void {
  add("heartbeat", "ping a dead man's switch such as healthchecks.io, once")
    .option("--url-env <name>", "the variable that holds the address", "HC_PING_URL")
    .option("--fail", "tell a failure")
    .option("--start", "tell the start of a job")
    .option("--body <text>", "said instead of host, uptime and health")
    .option("--cron", "print the line for a crontab, and how cron gets to know the address")
    .action((_: unknown, c: Command) => heartbeat(all(c)));
}

/** A command whose complaints are ours: nothing is printed, what is wrong is thrown. */
function rooted(command: Command): Command {
  return command.configureOutput({ writeErr: () => {} }).exitOverride((error) => {
    const isBare = error.code === "commander.help" && command.args.length === 0;
    if (isBare && !asJson()) process.stderr.write(`${command.helpInformation()}\n`);
    throw usageError(error, command) ?? error;
  });
}

function dashboardPort(): Option {
  return new Option(
    "--dashboard-port <port>",
    "the port of the dashboard, whatever the config says",
  );
}

function profile(): Option {
  const text = "also the services of this profile; may be given several times";
  return new Option("--profile <name>", text)
    .argParser((name: string, before: readonly string[]) => [...before, name])
    .default([], "none");
}

/** Before the command line is understood: an error of usage is told as JSON too. */
function asJson(): boolean {
  return process.argv.includes("--json");
}

/** Warnings of Node about how it read a config are no business of those who run it. */
function quieten(): void {
  const unwanted = new Set(["MODULE_TYPELESS_PACKAGE_JSON"]);
  process.removeAllListeners("warning");
  process.on("warning", (warning: Error & { readonly code?: string }) => {
    if (warning.name === "ExperimentalWarning" || unwanted.has(warning.code ?? "")) return;
    process.stderr.write(`${warning.name}: ${warning.message}\n`);
  });
}

/** A config is code: what it left open must not keep a command alive that is over. */
const loadsConfig = new Set(["up", "check"]);
const lastMs = 1_000;

/** 0 clean, 1 unhandled, 75 a dependency is missing, 78 config or usage. */
async function main(): Promise<void> {
  quieten();
  const program = build();
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `homeostat logs | head` has read enough; a daemon has more to do than to be read.
    if (error.code === "EPIPE" && program.args[0] === "up") return;
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    fail(error, asJson());
  } finally {
    if (loadsConfig.has(program.args[0] ?? "")) setTimeout(() => process.exit(), lastMs).unref();
  }
}

await main();
