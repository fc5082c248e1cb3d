// One process that looks after itself: health, fallbacks, recoveries, synthetic users and chaos.
import {
  apiRecipe,
  cacheRecipe,
  createApp,
  databaseRecipe,
  eventLoopCheck,
  failureOf,
  hostAnswers,
} from "homeostat/runtime";
import { theWorld } from "./outside.ts";
import { serve } from "./web.ts";

const port = Number(process.env.PORT ?? 8080);
const folder = process.env.SHOP_STATE ?? "state";
const app = createApp("shop", {
  url: `http://127.0.0.1:${port}`,
  synthetic: { everyMs: 10_000 },
  stateFile: `${folder}/shop.json`,
  log: { file: { path: `${folder}/self_healing.log`, format: "json" }, terminal: true },
  flags: { advanced_search: true },
});
const { database, cache, ...api } = await theWorld();
let payments = api.payments;

// Calls that may fail: each with a limit, another try and a breaker.
const policy = { attemptTimeout: 500, retry: 2, breaker: true } as const;
const products = app.policies.define({ name: "products", ...policy });
const paying = app.policies.define({ name: "payments", ...policy });

// Health: without the database there is no shop, without the others there is less of one.
const often = { intervalMs: 1_000, timeoutMs: 500 };
const minor = { ...often, critical: false };
app.health.register("database", database.isUp, often);
app.health.register("cache", cache.isUp, minor);
app.health.register("payments", (context) => payments.isUp(context), minor);
app.health.register("event-loop", eventLoopCheck(), { kinds: ["live"] });

// Features: each says what it needs, and what to do without it.
const recommended = app.features.register("recommendations", {
  dependsOn: ["cache"],
  run: () => cache.ask("/get?key=recommended"),
  fallback: () => "Kettle",
  onAfter: { ms: 2_000 },
});
const search = app.features.register("advanced_search", {
  flag: "advanced_search",
  dependsOn: ["database"],
  run: (word: string) => database.ask(`/list?word=${encodeURIComponent(word)}`),
  fallback: (word: string) => `We cannot search for ${word} just now: have you seen our Kettle?`,
});

// Recovery: what is done about a failure. The health check of its name proves that it helped.
const soon = { cooldownMs: 2_000, backoff: { baseMs: 1_000, maxMs: 30_000 } };
const warm = () => cache.ask("/put?key=recommended&value=Teapot");
const recipes = {
  database: databaseRecipe({
    pingHost: hostAnswers("127.0.0.1", database.port),
    restart: database.restart,
    isUp: database.isUp,
    verifyIntegrity: async () => (await database.ask("/list")).includes("Kettle"),
  }),
  cache: cacheRecipe({
    flush: () => cache.ask("/flush"),
    isRunning: cache.isUp,
    restart: cache.restart,
    prewarm: warm,
  }),
  payments: apiRecipe({
    isUp: (context) => payments.isUp(context),
    waitMs: 1_000,
    switchEndpoint: () => {
      payments = payments === api.payments ? api.backup : api.payments;
    },
  }),
};
for (const [check, recipe] of Object.entries(recipes)) {
  app.recovery.register(failureOf(check), recipe, soon);
}

// Synthetic users: they use the shop as people do.
app.synthetic.register("login", async (shop) => {
  const page = await shop.get("/login");
  (await page.submit({ user: "ada" })).expectPath(/^\/account/).expectText("Hello ada");
});
app.synthetic.register("search", async (shop) => {
  const word = shop.inputs.pick(["Kettle", "Toaster"]);
  (await shop.get("/search", { query: { word } })).expectStatus(200).expectText(word);
});
app.synthetic.register("checkout", async (shop) => {
  const page = (await shop.get("/")).expectText("Shop");
  (await page.submit({ product: "product-1" })).expectText("Thank you");
});

// Chaos, where ENABLE_CHAOS says so and it is not production: the cache forgets, and is told again.
app.chaos.register("forgetful-cache", {
  disrupt: async (_signal, save) => {
    save(await cache.ask("/get?key=recommended"));
    await cache.ask("/flush");
  },
  recover: (kept) => cache.ask(`/put?key=recommended&value=${kept ?? "Teapot"}`),
  meanIntervalMs: 60_000,
  meanDurationMs: 5_000,
});

app.setup("warm the cache", warm);
for (const each of [database, cache, api.payments, api.backup]) {
  app.onStop(each.name, "resources", each.stop);
}
await app.run(() => {
  const server = serve(app, {
    product: () => products.run(({ signal }) => database.ask("/get?key=product-1", signal)),
    recommended: () => recommended.use(),
    search: (word) => search.use(word),
    pay: () => paying.run(({ signal }) => payments.ask("/ping", signal)),
  });
  app.server("web", server.listen(port, "127.0.0.1"));
});
