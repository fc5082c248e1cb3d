// What every command needs: where the project is, how to print, how to reach the daemon.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Code, codes, HomeostatError, messageOf } from "../kernel/errors.ts";
import type { ErrorView } from "../protocol/api.ts";
import { kindOf } from "../wiring/files.ts";

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

/** What a running daemon leaves for the other commands; readable by its user only. */
export interface DaemonNote {
  readonly pid: number;
  readonly url: string;
  readonly token?: string;
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
  const call = async (path: string, init: RequestInit, limitMs: number): Promise<Response> => {
    const headers: Record<string, string> = { "x-homeostat": "1" };
    if (note.token !== undefined) headers.authorization = `Bearer ${note.token}`;
    const signal = AbortSignal.timeout(limitMs);
    const response = await fetch(note.url + path, { ...init, headers, signal }).catch(
      (error: unknown) => {
        throw absent(where, messageOf(error));
      },
    );
    if (!response.ok) throw await failure(response);
    return response;
  };
  return {
    get: async (path) => (await call(path, {}, requestMs)).json() as never,
    text: async (path) => (await call(path, {}, requestMs)).text(),
    post: async (path, body = {}) => {
      const init = { method: "POST", body: JSON.stringify({ by: "cli", ...body }) };
      return (await call(path, init, orderMs)).json() as never;
    },
  };
}

function absent({ folder }: Where, why?: string): HomeostatError {
  const detail = why === undefined ? "" : ` (${why})`;
  return new HomeostatError("DAEMON_ABSENT", `no daemon runs for ${folder}${detail}`);
}

async function failure(response: Response): Promise<HomeostatError> {
  const view = (await response.json().catch(() => undefined)) as Partial<ErrorView> | undefined;
  const { code = "", message = "" } = view?.error ?? {};
  if (!Object.hasOwn(codes, code)) {
    return new HomeostatError("WIRE_SHAPE", `the daemon answered ${response.status}`);
  }
  return new HomeostatError(code as Code, message);
}
