// The shop that people see: three pages over what the app offers.
import { createServer, type Server } from "node:http";
import type { App } from "homeostat/runtime";

export interface Pages {
  product(): Promise<string>;
  recommended(): Promise<string>;
  search(word: string): Promise<string>;
  pay(): Promise<unknown>;
}

export function serve(app: App, pages: Pages): Server {
  const page = async ({ pathname, searchParams }: URL): Promise<string> => {
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
      const html = await app.scope({ name: "request", andRaise: false }, () => page(url));
      response.writeHead(html === undefined ? 503 : 200, { "content-type": "text/html" });
      response.end(html ?? "<h1>Please come back in a moment</h1>");
    });
  });
}
