// Calls to the daemon's HTTP API; every failure becomes an ApiError with a message and a hint.
import type { ErrorView, IncidentDetail, SeriesView, StateView } from "../../src/protocol/api.ts";

export interface LogLine {
  readonly instance: string;
  readonly text: string;
}

/** What went wrong and what a person can do about it. */
export class ApiError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

async function call(path: string, init: RequestInit = {}, withinMs = 10_000): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(withinMs) });
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new ApiError(
      late ? "TIMED_OUT" : "UNREACHABLE",
      late
        ? `Homeostat did not answer within ${withinMs / 1_000} s.`
        : "Homeostat cannot be reached.",
      "Check that the daemon runs: homeostat up",
    );
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => undefined)) as Partial<ErrorView> | undefined;
  throw new ApiError(
    body?.error?.code ?? `HTTP_${response.status}`,
    body?.error?.message ?? `Homeostat answered ${response.status} ${response.statusText}.`,
    body?.error?.hint ?? "",
  );
}

async function get<T>(path: string): Promise<T> {
  const response = await call(path, { headers: { accept: "application/json" } });
  return (await response.json()) as T;
}

async function post(path: string, body: unknown = {}, withinMs?: number): Promise<void> {
  // The header makes a plain cross-site form unable to send this request.
  const headers = { "content-type": "application/json", "x-homeostat": "1" };
  await call(path, { method: "POST", headers, body: JSON.stringify(body) }, withinMs);
}

const part = encodeURIComponent;

export const fetchState = (): Promise<StateView> => get("/api/state");

export const fetchIncident = (id: string): Promise<IncidentDetail> =>
  get(`/api/incidents/${part(id)}`);

export const fetchReport = async (id: string): Promise<string> =>
  (await call(`/api/incidents/${part(id)}/export`)).text();

export const fetchSeries = (target: string, metric: string, seconds: number): Promise<SeriesView> =>
  get(`/api/series?target=${part(target)}&metric=${part(metric)}&seconds=${seconds}`);

export const fetchLogs = async (service: string, lines: number): Promise<readonly LogLine[]> =>
  (await get<{ lines: readonly LogLine[] }>(`/api/logs/${part(service)}?lines=${lines}`)).lines;

export const pause = (reason: string): Promise<void> => post("/api/pause", { reason });

export const resume = (): Promise<void> => post("/api/resume");

export const answer = (approval: string, verb: "approve" | "deny"): Promise<void> =>
  post(`/api/approvals/${part(approval)}/${verb}`);

/** The answer comes when all instances are ready again, one after the other. */
const restartWithinMs = 300_000;

export const restart = (service: string): Promise<void> =>
  post(`/api/services/${part(service)}/restart`, {}, restartWithinMs);
