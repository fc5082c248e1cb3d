// The whole command line: each command with its words, and what is called for it.
import { Command, CommanderError, Option } from "commander";
import { version } from "../kernel/version.ts";
import { logsHelp } from "./commands/logs-help.ts";
import { orderForms } from "./commands/order-words.ts";
import { addLiving } from "./living.ts";
import type { UpOptions } from "./load.ts";
import { addPast } from "./past.ts";
import { unknownCommand, usageError } from "./usage.ts";

// Loaded when they are asked for: a command that only looks must not wait for the whole daemon.
const appsCommands = () => import("./commands/apps.ts");
const checkCommands = () => import("./commands/check.ts");
const channelsCommands = () => import("./commands/channels.ts");
const heartbeatCommands = () => import("./commands/heartbeat.ts");
const logsCommands = () => import("./commands/logs.ts");
const lookCommands = () => import("./commands/look.ts");
const orderCommands = () => import("./commands/order.ts");
const replayCommands = () => import("./commands/replay.ts");
const drillCommands = () => import("./commands/drill.ts");
const serviceCommands = () => import("./commands/service.ts");
const upgradeCommands = () => import("./commands/upgrade.ts");
const detachCommands = () => import("./commands/detach.ts");
const upCommands = () => import("./commands/up.ts");

const exitCodes = `
Exit codes: 0 it is done · 1 a fault of Homeostat itself · 75 the daemon or what was named is not
there · 78 the config or the command line is wrong; all problems are told at once.`;

export function buildProgram(): Command {
  const program = rooted(new Command("homeostat"))
    .description("Keeps services alive without waking anyone.")
    .version(version)
    .option("--folder <folder>", "the project folder (default: this folder)")
    .option("--config <file>", "the config file (default: homeostat.config.ts, homeostat.yaml, …)")
    .option("--json", "print JSON")
    .addHelpText("after", exitCodes);
  const add = (name: string, text: string): Command =>
    rooted(program.command(name, { hidden: text === "" }).description(text));
  add("up", "run the services of this folder and look after them")
    .addOption(
      new Option("--log-level <level>", "how much the daemon tells")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .addOption(dashboardPort())
    .addOption(profile())
    .option("-d, --detach", "go on behind this command; it stays until the services run")
    .action(async (_: unknown, command: Command) => upOr(command));
  add("down", "stop the services and the daemon").action(async (_: unknown, c: Command) =>
    (await orderCommands()).down(all(c)),
  );
  add("status", "how everything is, in one sentence and a table").action(
    async (_: unknown, c: Command) => (await lookCommands()).status(all(c)),
  );
  addLogs(add);
  addIncidents(add);
  add("pause [reason...]", "stop all healing; services keep running").action(
    async (reason: readonly string[], _: unknown, c: Command) =>
      (await orderCommands()).pause(reason, all(c)),
  );
  add("resume", "let healing go on").action(async (_: unknown, c: Command) =>
    (await orderCommands()).resume(all(c)),
  );
  add("approve <id>", "allow what an approval asks for").action(
    async (id: string, _: unknown, c: Command) => (await orderCommands()).approve(id, all(c)),
  );
  add("deny <id>", "refuse what an approval asks for").action(
    async (id: string, _: unknown, c: Command) => (await orderCommands()).deny(id, all(c)),
  );
  addServices(add);
  addLiving(add);
  addApps(add);
  addHeartbeat(add);
  addNotify(add);
  addDrill(add);
  addPast(add);
  add("check", "check the config and show what it means")
    .addOption(dashboardPort())
    .addOption(profile())
    .action(async (_: unknown, c: Command) => (await checkCommands()).check(all(c)));
  add("upgrade", "the daemon becomes the installed version; services run on").action(
    async (_: unknown, c: Command) => (await upgradeCommands()).upgrade(all(c)),
  );
  add("replay", "run the journal through the rules again and compare").action(
    async (_: unknown, c: Command) => (await replayCommands()).replayJournal(all(c)),
  );
  return program;
}

async function upOr(command: Command): Promise<void> {
  const { detach, ...options } = all<UpOptions & { readonly detach?: boolean }>(command);
  if (detach) await (await detachCommands()).upDetached(options);
  else await (await upCommands()).up(options);
}

const all = <T>(command: Command): T => command.optsWithGlobals() as T;

function addIncidents(add: (name: string, text: string) => Command): void {
  const list = add("incidents", "what went wrong and what was done");
  list.allowExcessArguments().action(async (_: unknown, c: Command) => {
    const [what] = c.args;
    if (what !== undefined) throw unknownCommand(c, what);
    return (await lookCommands()).incidents(all(c));
  });
  rooted(list.command("show <id>"))
    .description("one incident, step by step")
    .action(async (id: string, _: unknown, c: Command) =>
      (await lookCommands()).showIncident(id, all(c)),
    );
  rooted(list.command("export <id>"))
    .description("one incident as Markdown")
    .action(async (id: string, _: unknown, c: Command) =>
      (await lookCommands()).exportIncident(id, all(c)),
    );
  add("explain <id>", "why each step of an incident was taken or refused").action(
    async (id: string, _: unknown, c: Command) => (await lookCommands()).explain(id, all(c)),
  );
}

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
    .action(async (names: readonly string[], _: unknown, c: Command) =>
      (await logsCommands()).logs(names, all(c)),
    );
  add("templates [file]", "the kinds of lines that a log has; without a file, of standard input")
    .option("-n, --lines <count>", "kinds that are shown (default: 50)")
    .action(async (file: string | undefined, _: unknown, c: Command) =>
      (await import("./commands/templates.ts")).templates(file ?? "-", all(c)),
    );
}

function addServices(add: (name: string, text: string) => Command): void {
  add(
    "restart <service>",
    "replace the instances of a service or group (@gateway: the gateway), losing no request",
  ).action(async (name: string, _: unknown, c: Command) =>
    (await orderCommands()).restart(name, all(c)),
  );
  add("stop <service>", "end a service or group; nothing but people starts it again").action(
    async (name: string, _: unknown, c: Command) => (await serviceCommands()).stop(name, all(c)),
  );
  add("start <service>", "start a service or group, what it depends on first").action(
    async (name: string, _: unknown, c: Command) => (await serviceCommands()).start(name, all(c)),
  );
  add("run <job>", "run a job now, and wait for its end")
    .option("--detach", "do not wait")
    .action(async (name: string, _: unknown, c: Command) =>
      (await serviceCommands()).runJob(name, all(c)),
    );
}

function addApps(add: (name: string, text: string) => Command): void {
  add("apps", "what the apps inside the services say of themselves").action(
    async (_: unknown, c: Command) => (await appsCommands()).apps(all(c)),
  );
  add("order <target> <words...>", "tell the app of an instance to do something")
    .option("--for <duration>", "how long a feature is held, or how long a profile is")
    .addHelpText("after", `\nOrders:\n${orderForms}`)
    .action(async (target: string, words: readonly string[], _: unknown, c: Command) =>
      (await appsCommands()).orderApp(target, words, all(c)),
    );
}

function addDrill(add: (name: string, text: string) => Command): void {
  add(
    "drill [names...]",
    "cause a fault on purpose, and measure its healing; without a name: a list",
  )
    .option("--target <name>", "an instance or service; of network the dependency that is cut off")
    .option("--yes", "do it; HOMEOSTAT_DRILL=1 says the same")
    .option("--force", "also when nothing is left that serves meanwhile")
    .option("--no-up", "somebody else starts the daemon after drill daemon or reboot")
    .action(async (names: readonly string[], _: unknown, c: Command) =>
      (await drillCommands()).drill(names, all(c)),
    );
}

function addHeartbeat(add: (name: string, text: string) => Command): void {
  add("heartbeat", "ping a dead man's switch such as healthchecks.io, once")
    .option("--url-env <name>", "the variable that holds the address", "HC_PING_URL")
    .option("--fail", "tell a failure")
    .option("--start", "tell the start of a job")
    .option("--body <text>", "said instead of host, uptime and health")
    .option("--cron", "print the line for a crontab, and how cron gets to know the address")
    .action(async (_: unknown, c: Command) => (await heartbeatCommands()).heartbeat(all(c)));
}

function addNotify(add: (name: string, text: string) => Command): void {
  const notify = add("notify", "the channels to people");
  rooted(notify.command("test [channel]"))
    .description("send a test message, and say who answered")
    .action(async (channel: string | undefined, _: unknown, c: Command) =>
      (await channelsCommands()).testNotify(channel, all(c)),
    );
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
export function asJson(): boolean {
  return process.argv.includes("--json");
}

/** A config is code: what it left open must not keep a command alive that is over. */
const loadsConfig = new Set(["check", "tune"]);
const lastMs = 1_000;

/** Does what the words say. @throws USAGE, or what the command throws */
export async function runProgram(words: readonly string[]): Promise<void> {
  const program = buildProgram();
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  } finally {
    if (loadsConfig.has(program.args[0] ?? "")) setTimeout(() => process.exit(), lastMs).unref();
  }
}
