// What is answered after an error: a page for a person, problem details for a program.
// Source: RFC 9457, Problem Details for HTTP APIs.
import { STATUS_CODES } from "node:http";
import { type PageView, pageOf } from "./page.ts";
import { pageHeaders } from "./page-style.ts";

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const problemHeaders: Readonly<Record<string, string>> = {
  "content-type": "application/problem+json; charset=utf-8",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

export function pageAnswer(status: number, view: PageView): ErrorAnswer {
  return { status, headers: pageHeaders, body: pageOf(view) };
}

/** `instance` names the occurrence by its event id; `eventId` repeats it bare. */
export function problemAnswer(
  status: number,
  told: { readonly detail?: string; readonly eventId?: string; readonly stack?: string } = {},
): ErrorAnswer {
  const { eventId, ...more } = told;
  const problem = {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    ...more,
    ...(eventId !== undefined && { instance: `urn:uuid:${dashed(eventId)}`, eventId }),
  };
  return { status, headers: problemHeaders, body: `${JSON.stringify(problem)}\n` };
}

function dashed(id: string): string {
  return id.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * The status that an error asks for, as Express, Fastify and Hono read it; 500 when it asks for none.
 */
export function statusOf(error: unknown): number {
  if (typeof error !== "object" || error === null) return 500;
  const { status, statusCode }: { readonly status?: unknown; readonly statusCode?: unknown } =
    error;
  const asked = status ?? statusCode;
  return Number.isInteger(asked) && Number(asked) >= 400 && Number(asked) <= 599
    ? Number(asked)
    : 500;
}
