// A Procfile (Heroku, Foreman, Overmind) as services: one line, one service.
import { type Draft, type Imported, namer, set } from "./draft.ts";

const portFrom = 5_000;
const portStep = 100;
/** Heroku runs it before anything of a new version starts. */
const releaseType = "release";

export interface ProcfileAround {
  /** Whether a file .env lies beside it, which Foreman reads. */
  readonly hasEnv: boolean;
  readonly cwd: string | undefined;
}

export function importProcfile(text: string, { hasEnv, cwd }: ProcfileAround): Imported {
  const name = namer();
  const notes: string[] = [];
  const drafts: Draft[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, type = "", command = ""] = /^([\w.-]+):\s*(.*\S)\s*$/.exec(line) ?? [];
    if (command === "") {
      notes.push(`line ${at + 1} is no "name: command": ${line.trim().slice(0, 120)}`);
      continue;
    }
    const own: string[] = [];
    const settings: Record<string, unknown> = { command };
    const draft = { name: name(type, own), settings, notes: own };
    set(settings, "cwd", cwd);
    if (hasEnv) set(settings, "envFiles", [cwd === undefined ? ".env?" : `${cwd}/.env?`]);
    if (type === releaseType) {
      set(settings, "job", {});
      own.push("runs once at each start, and everything else waits until it has completed");
    } else addPort(draft, type, drafts.length);
    drafts.push(draft);
  }
  const release = drafts.find(({ settings }) => settings.job !== undefined);
  for (const { settings } of drafts) {
    if (release && !settings.job) set(settings, "dependsOn", { [release.name]: "completed" });
  }
  return { drafts, notes };
}

/** Foreman gives each process a PORT; here only a service that clients reach has one. */
function addPort({ settings, notes }: Draft, type: string, place: number): void {
  const asks = /\$\{?PORT\b/.test(String(settings.command));
  if (type !== "web" && !asks) return;
  const port = portFrom + portStep * place;
  set(settings, "port", port);
  notes.push(`clients use port ${port}; each instance is given one of its own in PORT`);
}
