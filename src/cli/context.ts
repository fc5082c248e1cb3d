// What every command needs: where the project is, how to print, how to reach the daemon.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Code, codes, HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Level } from "../kernel/log.ts";
import type { ErrorView } from "../protocol/api.ts";
import { kindOf } from "../wiring/files.ts";
import { ask, type Question } from "./ask.ts";

export interface GlobalOptions {
  readonly folder?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export interface Where {
  /** The project folder, absolute. */
  readonly folder: string;
  /** Folder of journal, logs and sockets. */
  readonly state: string;
}

/** @throws USAGE when there is no such folder. */
export function whereIs(options: GlobalOptions): Where {
  const folder = resolve(options.folder ?? ".");
  const kind = kindOf(folder);
  if (kind !== "folder") {
    const got = kind === "file" ? `${folder}, a file` : `${folder}, which is not there`;
    throw new HomeostatError("USAGE", `--folder: expected a folder, got ${got}`);
  }
  return { folder, state: join(folder, ".homeostat") };
}

export interface LaunchOptions {
  readonly config?: string;
  readonly logLevel?: Level;
  readonly dashboardPort?: string;
  readonly profile?: readonly string[];
}

/** What a running daemon leaves for the other commands; readable by its user only. */
export interface DaemonNote {
  readonly pid: number;
  readonly url: string;
  /** Ms since the epoch: another one is another daemon, though its pid may be the same. */
  readonly startedAtMs?: number;
  /** How its config was asked for: for whoever starts the next one, or hands over to it. */
  readonly options?: LaunchOptions;
  readonly token?: string;
}

/** `homeostat up` with the same options again. */
export function wordsOfUp(
  { folder }: Where,
  { config, logLevel, dashboardPort, profile = [] }: LaunchOptions,
): readonly string[] {
  return [
    ...["--folder", folder, "up"],
    ...(config === undefined ? [] : ["--config", config]),
    ...(logLevel === undefined ? [] : ["--log-level", logLevel]),
    ...(dashboardPort === undefined ? [] : ["--dashboard-port", dashboardPort]),
    ...profile.flatMap((name) => ["--profile", name]),
  ];
}

export const noteFile = (state: string): string => join(state, "daemon.json");

export function readNote(state: string): DaemonNote | undefined {
  const path = noteFile(state);
  if (!existsSync(path)) return undefined;
  try {
    const note = JSON.parse(readFileSync(path, "utf8")) as Partial<DaemonNote> | null;
    return typeof note?.url === "string" && typeof note.pid === "number"
      ? (note as DaemonNote)
      : undefined;
  } catch {
    // Half written by a daemon that died: the next one writes it anew.
    return undefined;
  }
}

export interface Client {
  get<T>(path: string): Promise<T>;
  text(path: string): Promise<string>;
  post<T>(path: string, body?: Readonly<Record<string, unknown>>): Promise<T>;
}

const requestMs = 10_000;
/** A rolling restart answers when its last instance is ready. */
const orderMs = 600_000;

/** @throws DAEMON_ABSENT when no daemon was started for this folder, or it does not answer. */
export function connect(where: Where): Client {
  const note = readNote(where.state);
  if (!note) throw absent(where);
  const call = async (question: Pick<Question, "method" | "body" | "limitMs">, path: string) => {
    const headers: Record<string, string> = { "x-homeostat": "1" };
    if (note.token !== undefined) headers.authorization = `Bearer ${note.token}`;
    const asked = ask({ ...question, url: note.url + path, headers });
    const { status, body } = await asked.catch((error: unknown) => {
      if (error instanceof HomeostatError) throw error;
      throw absent(where, messageOf(error));
    });
    if (status < 200 || status > 299) throw failure(status, body);
    return body;
  };
  const get = (path: string): Promise<string> => call({ method: "GET", limitMs: requestMs }, path);
  return {
    get: async (path) => JSON.parse(await get(path)),
    text: get,
    post: async (path, body = {}) => {
      const text = JSON.stringify({ by: "cli", ...body });
      return JSON.parse(await call({ method: "POST", body: text, limitMs: orderMs }, path));
    },
  };
}

function absent({ folder }: Where, why?: string): HomeostatError {
  const detail = why === undefined ? "" : ` (${why})`;
  return new HomeostatError("DAEMON_ABSENT", `no daemon runs for ${folder}${detail}`);
}

function failure(status: number, body: string): HomeostatError {
  const { code = "", message = "" } = errorIn(body);
  if (!Object.hasOwn(codes, code)) {
    return new HomeostatError("WIRE_SHAPE", `the daemon answered ${status}`);
  }
  return new HomeostatError(code as Code, message);
}

function errorIn(body: string): Partial<ErrorView["error"]> {
  try {
    return (JSON.parse(body) as Partial<ErrorView> | null)?.error ?? {};
  } catch {
    // Not ours: what it said is told by its status.
    return {};
  }
}
