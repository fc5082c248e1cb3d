// The shop that people see: a few pages over what the app offers, and a login with a CSRF token.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { App } from "homeostat/runtime";

export interface Pages {
  product(): Promise<string>;
  recommended(): Promise<string>;
  search(word: string): Promise<string>;
  pay(): Promise<unknown>;
}

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly html: string;
}

/** The token of the form that each session was shown; it is good once. */
const tokens = new Map<string, string>();
const mostTokens = 1_000;

export function serve(app: App, pages: Pages): Server {
  const page = async (
    request: IncomingMessage,
    { pathname, searchParams }: URL,
  ): Promise<Answer> => {
    if (pathname === "/login") return request.method === "POST" ? login(request) : loginForm();
    if (pathname === "/account")
      return { html: `<h1>Hello ${encodeURIComponent(searchParams.get("user") ?? "")}</h1>` };
    return { html: await shopPage(pathname, searchParams) };
  };
  const shopPage = async (pathname: string, searchParams: URLSearchParams): Promise<string> => {
    if (pathname === "/search") return pages.search(searchParams.get("word") ?? "");
    if (pathname === "/checkout") {
      await pages.pay();
      return "<h1>Thank you</h1>";
    }
    const form = '<form action="/checkout"><input name="product"><button>Buy</button></form>';
    return `<h1>Shop</h1><p>${await pages.product()}</p><p>${await pages.recommended()}</p>${form}`;
  };
  return createServer((request, response) => {
    app.endpoints.node(request, response, async () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const answer = await app.scope({ name: "request", andRaise: false }, () =>
        page(request, url),
      );
      const { status = 200, headers, html } = answer ?? away;
      response.writeHead(status, { "content-type": "text/html", ...headers }).end(html);
    });
  });
}

const away: Answer = { status: 503, html: "<h1>Please come back in a moment</h1>" };

function loginForm(): Answer {
  const [session, token] = [randomUUID(), randomUUID()];
  if (tokens.size >= mostTokens) tokens.clear();
  tokens.set(session, token);
  const inputs = `<input type="hidden" name="csrf" value="${token}"><input name="user">`;
  return {
    headers: { "set-cookie": `session=${session}; HttpOnly; SameSite=Strict` },
    html: `<form method="post" action="/login">${inputs}<button>Log in</button></form>`,
  };
}

async function login(request: IncomingMessage): Promise<Answer> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > 1_000) return { status: 413, html: "<h1>Too long</h1>" };
  }
  const form = new URLSearchParams(text);
  const session = /session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
  const token = tokens.get(session);
  tokens.delete(session);
  if (token === undefined || form.get("csrf") !== token)
    return { status: 403, html: "<h1>No</h1>" };
  const user = encodeURIComponent(form.get("user") ?? "");
  return { status: 303, headers: { location: `/account?user=${user}` }, html: "" };
}
