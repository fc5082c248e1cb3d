// The doors for errors into web frameworks, typed by the little that is used: none is imported.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ErrorAnswer, statusOf } from "./answer.ts";
import type { FeedbackRoute } from "./feedback-route.ts";
import { longestBody } from "./form.ts";

export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

type Next = (error?: unknown) => void;
type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;
type ErrorMiddleware = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void;

export interface ExpressErrors {
  use(middleware: Middleware): unknown;
  use(middleware: ErrorMiddleware): unknown;
}

interface FastifyRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: {
    readonly accept?: string | undefined;
    readonly "content-type"?: string | undefined;
  };
  readonly body: unknown;
}

interface FastifyReply {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(payload?: unknown): unknown;
}

interface FastifyChild {
  addContentTypeParser(
    type: string,
    options: { readonly bodyLimit: number },
    parser: (request: unknown, payload: AsyncIterable<Uint8Array>) => Promise<unknown>,
  ): unknown;
  removeContentTypeParser(type: string): unknown;
  post(
    path: string,
    options: { readonly bodyLimit: number },
    answer: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
  ): unknown;
}

export interface FastifyErrors {
  setErrorHandler(
    answer: (error: unknown, request: FastifyRequest, reply: FastifyReply) => unknown,
  ): unknown;
  register(plugin: (child: FastifyChild) => Promise<void>): unknown;
}

interface HonoContext {
  readonly req: {
    readonly method: string;
    readonly path: string;
    readonly raw: Request;
    header(name: string): string | undefined;
  };
}

export interface HonoErrors {
  onError(answer: (error: Error, context: HonoContext) => Response): unknown;
  post(path: string, answer: (context: HonoContext) => Promise<Response>): unknown;
}

type Answering = (
  error: unknown,
  request: { readonly method: string; readonly path: string; readonly accept?: string | undefined },
) => ErrorAnswer;

export function wrapped(
  listener: Listener,
  answering: Answering,
  route: FeedbackRoute | undefined,
): Listener {
  const failed = (error: unknown, request: IncomingMessage, response: ServerResponse): void => {
    write(response, answering(error, asked(request)));
  };
  return (request, response) => {
    if (route && isFor(route, request)) {
      void heard(route, request, response);
      return;
    }
    try {
      const work = listener(request, response);
      // Whatever the listener does asynchronously it tells by the promise it returns, or not at all.
      if (isPromise(work)) work.then(undefined, (error) => failed(error, request, response));
    } catch (error) {
      failed(error, request, response);
    }
  };
}

export function intoExpress(
  app: ExpressErrors,
  answering: Answering,
  route: FeedbackRoute | undefined,
): void {
  app.use((request: IncomingMessage, response: ServerResponse, next: Next) => {
    if (route && isFor(route, request)) void heard(route, request, response);
    else next();
  });
  // Express knows a middleware for errors by its four parameters.
  app.use((error: unknown, request: IncomingMessage, response: ServerResponse, next: Next) => {
    if (statusOf(error) < 500) next(error);
    else write(response, answering(error, asked(request)));
  });
}

const formType = "application/x-www-form-urlencoded";
const options = { bodyLimit: longestBody } as const;

export function intoFastify(
  app: FastifyErrors,
  answering: Answering,
  route: FeedbackRoute | undefined,
): void {
  app.setErrorHandler((error, { method, url, headers }, reply) => {
    // Fastify's own answer; it must not come back to us, and does not from within.
    if (statusOf(error) < 500) return reply.send(error);
    return sent(reply, answering(error, { method, path: url, accept: headers.accept }));
  });
  if (!route) return;
  void app.register(async (child) => {
    // In a context of its own: the app's parser of forms, if it has one, stays as it is.
    child.removeContentTypeParser(formType);
    child.addContentTypeParser(formType, options, async (_, body) => body);
    child.post(route.path, options, async ({ headers, body }, reply) => {
      const stream = body as AsyncIterable<Uint8Array>;
      const incoming = { contentType: headers["content-type"], stream };
      return sent(reply, await route.respond(incoming, headers.accept));
    });
  });
}

export function intoHono(
  app: HonoErrors,
  answering: Answering,
  route: FeedbackRoute | undefined,
): void {
  app.onError((error, { req }) => {
    if (statusOf(error) < 500 && hasResponse(error)) return error.getResponse();
    const { method, path } = req;
    return responseOf(answering(error, { method, path, accept: req.header("accept") }));
  });
  if (!route) return;
  app.post(route.path, async ({ req }) => {
    const incoming = { contentType: req.header("content-type"), stream: req.raw.body };
    return responseOf(await route.respond(incoming, req.header("accept")));
  });
}

async function heard(
  route: FeedbackRoute,
  request: IncomingMessage & { readonly body?: unknown },
  response: ServerResponse,
): Promise<void> {
  const { accept, "content-type": contentType } = request.headers;
  const incoming = { contentType, parsed: request.body, stream: request };
  write(response, await route.respond(incoming, accept));
}

function isFor(route: FeedbackRoute, request: IncomingMessage): boolean {
  return request.method === "POST" && (request.url ?? "").split("?", 1)[0] === route.path;
}

function asked(request: IncomingMessage): Parameters<Answering>[1] {
  const { method = "GET", url = "", headers } = request;
  return { method, path: url, accept: headers.accept };
}

/** What the app meant for the answer that failed; others, as those of CORS, hold for ours, too. */
const ofItsOwnAnswer = [
  ...["content-length", "content-encoding", "content-range", "content-disposition"],
  ...["transfer-encoding", "etag", "last-modified", "expires"],
];

/** An answer that has begun cannot be taken back: the connection is cut, so that nobody trusts it. */
function write(response: ServerResponse, { status, headers, body }: ErrorAnswer): void {
  if (response.headersSent || response.destroyed) {
    if (!response.writableEnded) response.destroy();
    return;
  }
  for (const name of ofItsOwnAnswer) response.removeHeader(name);
  if (status !== 204) response.setHeader("content-length", Buffer.byteLength(body));
  response.writeHead(status, { ...headers });
  response.end(body);
}

function sent(reply: FastifyReply, { status, headers, body }: ErrorAnswer): unknown {
  reply.code(status);
  reply.headers({ ...headers });
  return reply.send(body);
}

function responseOf({ status, headers, body }: ErrorAnswer): Response {
  return new Response(status === 204 ? null : body, { status, headers });
}

/** An HTTPException of Hono. */
function hasResponse(error: object): error is { getResponse(): Response } {
  return "getResponse" in error && typeof error.getResponse === "function";
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
