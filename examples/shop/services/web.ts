// The shop's front: pages for people, and a checkout that prices, pays and queues an order.
import { createApp } from "homeostat";
import type { Answer, Ask } from "./answer.ts";
import { settings } from "./env.ts";
import { fetchJson } from "./fetch-json.ts";
import { type Order, openOrders } from "./orders.ts";
import { errorPage, homePage, productPage } from "./pages.ts";
import type { Product } from "./products.ts";
import { serve } from "./serve.ts";
import { sickness } from "./sickness.ts";

/** Long enough to sit out a restart of a service that the gateway covers. */
const NEEDED_MS = 8_000;
/** A page is worth more than its recommendations. */
const OPTIONAL_MS = 1_500;
/** A catalog that is away is told once in this time, not with every page. */
const QUIET_MS = 5_000;
const FEATURED = 24;
const MAX_ITEMS = 20;
const MAX_QTY = 99;
let quietUntil = 0;

const env = settings("web", ["CATALOG_URL", "PAYMENTS_URL", "RECOMMENDATIONS_URL"]);
const { CATALOG_URL, PAYMENTS_URL, RECOMMENDATIONS_URL } = env.urls;
const orders = openOrders(env.state);

/** The one service that looks after itself; the others are plain processes, and healed as well. */
const app = createApp("web");
app.health.register("orders", () => orders.counts(Date.now()) !== undefined);
const recommendations = app.features.register("recommendations", {
  run: recommendedFor,
  fallback: () => undefined,
});
await app.run(() => {
  serve({
    app,
    settings: env,
    sick: sickness(),
    routes: { "GET /": home, "GET /product/:id": product, "POST /checkout": checkout },
    stop: async () => orders.close(),
  });
});

async function home(): Promise<Answer> {
  const [catalog, ids] = await Promise.all([fromCatalog("/products"), recommendations.use("1")]);
  if (catalog.status !== 200) return unavailable(catalog.reason);
  const recommended = ids && catalog.products.filter(({ id }) => ids.includes(id));
  return { status: 200, body: homePage(catalog.products.slice(0, FEATURED), recommended) };
}

async function product({ id }: Ask): Promise<Answer> {
  if (!/^\d{1,9}$/.test(id)) return { status: 404, body: errorPage("No such product") };
  const [catalog, ids] = await Promise.all([
    fromCatalog(`/products?ids=${id}`),
    recommendations.use(id),
  ]);
  if (catalog.status !== 200) return unavailable(catalog.reason);
  const [wanted] = catalog.products;
  if (!wanted) return { status: 404, body: errorPage("No such product") };
  const recommended = ids && (await fromCatalog(`/products?ids=${ids}`));
  const shown = recommended?.status === 200 ? recommended.products : undefined;
  return { status: 200, body: productPage(wanted, shown) };
}

async function checkout({ body }: Ask): Promise<Answer> {
  const items = itemsOf(body);
  if (!items)
    return { status: 400, body: { error: `items: expected 1 to ${MAX_ITEMS} {id, qty}` } };
  const catalog = await fromCatalog(`/products?ids=${items.map(({ id }) => id)}`);
  if (catalog.status !== 200) return { status: 502, body: { error: catalog.reason } };
  const prices = new Map(catalog.products.map(({ id, priceCents }) => [id, priceCents]));
  const unknown = items.find(({ id }) => !prices.has(id));
  if (unknown) return { status: 400, body: { error: `no product ${unknown.id}` } };
  const totalCents = items.reduce((sum, { id, qty }) => sum + (prices.get(id) ?? 0) * qty, 0);
  const currency = catalog.products[0]?.currency ?? "";

  const payment = await authorise(totalCents, currency);
  if (payment.status !== 200) return payment;
  const order = orders.place({ items, totalCents, paymentId: String(payment.body) }, Date.now());
  return { status: 201, body: { order, totalCents, currency } };
}

/** Status 200 with the id of the payment as body, or the answer that the customer gets instead. */
async function authorise(amount: number, currency: string): Promise<Answer> {
  try {
    const call = { post: { amount, currency }, timeoutMs: NEEDED_MS };
    const { status, body } = await fetchJson(`${PAYMENTS_URL}/authorise`, call);
    if (status === 200) return { status, body: Object(body).id };
    if (status === 402) return { status, body: { error: `declined: ${Object(body).reason}` } };
    return { status: 502, body: { error: `payments answered ${status}` } };
  } catch (error) {
    return { status: 502, body: { error: messageOf(error) } };
  }
}

interface FromCatalog {
  readonly status: number;
  readonly products: readonly Product[];
  readonly reason: string;
}

async function fromCatalog(path: string): Promise<FromCatalog> {
  try {
    const { status, body } = await fetchJson(CATALOG_URL + path, { timeoutMs: NEEDED_MS });
    const products = Array.isArray(body) ? body : [];
    return { status, products, reason: `the catalog answered ${status}` };
  } catch (error) {
    return { status: 502, products: [], reason: messageOf(error) };
  }
}

/** Undefined when they are switched off; where it fails or takes too long, the page goes without too. */
async function recommendedFor(id: string): Promise<readonly number[] | undefined> {
  const url = `${RECOMMENDATIONS_URL}/recommendations/${id}`;
  const { status, degraded, body } = await fetchJson(url, { timeoutMs: OPTIONAL_MS });
  const ids: unknown = Object(body).ids;
  return status === 200 && !degraded && Array.isArray(ids) ? ids : undefined;
}

function itemsOf(body: unknown): Order["items"] | undefined {
  const items: unknown = Object(body).items;
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_ITEMS) return undefined;
  const whole = (value: unknown, max: number) =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) <= max;
  const good = items.every((item) => whole(item?.id, 1e9) && whole(item?.qty, MAX_QTY));
  return good ? items.map(({ id, qty }) => ({ id, qty })) : undefined;
}

function unavailable(reason: string): Answer {
  const now = performance.now();
  if (now >= quietUntil) {
    process.stderr.write(`web: ${reason}\n`);
    quietUntil = now + QUIET_MS;
  }
  return { status: 502, body: errorPage("The catalog is away for a moment") };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
