// The doors into web frameworks, typed by the little that is used of them: none is imported.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, textAnswer } from "./answer.ts";

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface ExpressLike {
  use(middleware: Middleware): unknown;
}

interface FastifyReply {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
}

export interface FastifyLike {
  get(
    path: string,
    options: { readonly logLevel: "warn" },
    answer: (
      request: { readonly headers: { readonly accept?: string | undefined } },
      reply: FastifyReply,
    ) => unknown,
  ): unknown;
}

export interface HonoLike {
  get(
    path: string,
    answer: (context: {
      readonly req: { header(name: string): string | undefined };
    }) => Promise<Response>,
  ): unknown;
}

type Respond = (path: string, accept?: string) => Promise<Answer | undefined>;

export function intoFastify(app: FastifyLike, paths: readonly string[], respond: Respond): void {
  for (const path of paths) {
    // A probe asks every few seconds: its requests would fill the log.
    app.get(path, { logLevel: "warn" }, async (request, reply) => {
      const answer = await found(path, respond, request.headers.accept);
      reply.code(answer.status);
      reply.headers({ ...answer.headers });
      return answer.body;
    });
  }
}

export function intoHono(app: HonoLike, paths: readonly string[], respond: Respond): void {
  for (const path of paths) {
    app.get(path, async (context) => {
      const { status, headers, body } = await found(path, respond, context.req.header("accept"));
      return new Response(body, { status, headers });
    });
  }
}

/** Writes a whole answer; a body is left out where the request was HEAD, as Node does by itself. */
export function write(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, "content-length": String(Buffer.byteLength(body)) });
  response.end(body);
}

async function found(path: string, respond: Respond, accept: string | undefined): Promise<Answer> {
  return (await respond(path, accept)) ?? textAnswer(404, "not found\n");
}
