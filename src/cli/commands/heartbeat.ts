// `homeostat heartbeat`: one ping to a dead man's switch, for cron; and how cron gets to know the address.
import { join } from "node:path";
import { variable } from "../../kernel/environment.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { redact } from "../../kernel/redact.ts";
import type { StateView } from "../../protocol/api.ts";
import { type Heartbeat, heartbeatPing } from "../../runtime/outside/heartbeat.ts";
import { hostLine, systemHost } from "../../runtime/outside/heartbeat-body.ts";
import type { PingKind } from "../../runtime/outside/heartbeat-options.ts";
import { connect, type GlobalOptions, readNote, type Where, whereIs } from "../context.ts";
import { paint, say, sayJson } from "../print.ts";

export interface HeartbeatCommand extends GlobalOptions {
  /** The name of the variable that holds the address: on a command line everybody could read it. */
  readonly urlEnv?: string;
  readonly fail?: boolean;
  readonly start?: boolean;
  readonly body?: string;
  readonly cron?: boolean;
}

/** Exits 75 when it was not taken in 6 attempts of 10 s, 78 when the address is missing or wrong. */
export async function heartbeat(options: HeartbeatCommand): Promise<void> {
  const { urlEnv = "HC_PING_URL", fail, start, body, json } = options;
  // Not shown: whoever gives the address itself would find it in a log.
  if (!/^[A-Za-z_]\w{0,99}$/.test(urlEnv)) {
    throw usage("--url-env: expected the name of a variable, got something else");
  }
  if (fail && start) throw usage("heartbeat: expected --fail or --start, got both");
  const where = whereIs(options);
  if (options.cron) {
    showCron(where, urlEnv, json === true);
    return;
  }
  const ping = pingOf(urlEnv);
  const kind: PingKind = fail ? "fail" : start ? "start" : "ok";
  const sent = await ping.send(kind, { body: body ?? (await bodyOf(where)) });
  const { attempts, tookMs, reason = "", wrong = false } = sent;
  if (!sent.ok) {
    const tries = `${attempts} attempt${attempts === 1 ? "" : "s"} and ${tookMs} ms`;
    const message = `the heartbeat to ${ping.host} was not taken in ${tries}: ${reason}`;
    throw new HomeostatError(wrong ? "OPTION_INVALID" : "NOT_DELIVERED", message);
  }
  if (json) return sayJson({ sent: true, kind, host: ping.host, attempts, tookMs });
  say(paint("good", `${ping.host} has heard it${kind === "ok" ? "" : ` (${kind})`}.`));
}

function pingOf(urlEnv: string): Heartbeat {
  const url = variable(urlEnv);
  if (url !== undefined) return heartbeatPing({ url });
  const message = `${urlEnv} is not set; it holds the address to ping, such as https://hc-ping.com/…`;
  throw new HomeostatError("OPTION_INVALID", message);
}

/** Host, uptime and, where a daemon looks after this folder, its verdict. */
async function bodyOf(where: Where): Promise<string> {
  const host = hostLine(systemHost());
  if (!readNote(where.state)) return host;
  const verdict = await connect(where)
    .get<StateView>("/api/state")
    .then(
      (view) => view.verdict.text,
      (error: unknown) => messageOf(error),
    );
  return `${host}\nhomeostat: ${redact(verdict)}`;
}

/** As T-23: cron starts commands with an environment of its own, so the address comes from a file. */
function showCron({ folder, state }: Where, urlEnv: string, asJson: boolean): void {
  const envFile = join(state, "heartbeat.env");
  const [, entry = ""] = process.argv;
  const program = [process.execPath, ...process.execArgv, entry].map(quoted).join(" ");
  const named = urlEnv === "HC_PING_URL" ? "" : ` --url-env ${urlEnv}`;
  const command = `${program} heartbeat --folder ${quoted(folder)}${named} >/dev/null`;
  // In a crontab, % ends the command.
  const line = `*/5 * * * * set -a; . ${quoted(envFile)}; ${command}`.replaceAll("%", "\\%");
  const print = `printf "${urlEnv}='%s'\\n" "$${urlEnv}" > ${quoted(envFile)}`;
  const store = `(umask 077; mkdir -p ${quoted(state)}; ${print})`;
  if (asJson) sayJson({ line, store, envFile, variable: urlEnv });
  else for (const each of [...before(urlEnv), store, after, line]) say(each);
}

const before = (urlEnv: string): readonly string[] => [
  paint("dim", "# cron starts commands without your environment. Keep the address in a file that"),
  paint("dim", `# only its owner may read; once, where ${urlEnv} is set:`),
];
const after = paint(
  "dim",
  "# Then the line for `crontab -e` of the same user; what fails, cron mails:",
);

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function usage(message: string): HomeostatError {
  return new HomeostatError("USAGE", message);
}
