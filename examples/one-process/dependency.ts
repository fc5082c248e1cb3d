// What an app depends on, as a process of its own: a store of texts over HTTP that can be broken.
// node dependency.ts NAME PORT
import { createServer } from "node:http";

const [name = "dependency", port = "0"] = process.argv.slice(2);
const usual = [
  ["product-1", "Kettle"],
  ["product-2", "Toaster"],
  ["product-3", "Teapot"],
] as const;
const store = new Map<string, string>(usual);

const answers: Record<string, (url: URL) => string | undefined> = {
  "/ping": () => name,
  "/get": (url) => store.get(url.searchParams.get("key") ?? ""),
  "/list": (url) => {
    const word = (url.searchParams.get("word") ?? "").toLowerCase();
    return JSON.stringify([...store.values()].filter((text) => text.toLowerCase().includes(word)));
  },
  "/put": (url) => {
    store.set(url.searchParams.get("key") ?? "", url.searchParams.get("value") ?? "");
    return "done";
  },
  "/flush": () => {
    store.clear();
    return "done";
  },
};

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  const text = answers[url.pathname]?.(url);
  response.writeHead(text === undefined ? 404 : 200).end(text ?? "there is no such thing\n");
});
server.listen(Number(port), "127.0.0.1", () => process.send?.("ready"));
// It goes when who started it is gone.
process.on("disconnect", () => process.exit(0));
