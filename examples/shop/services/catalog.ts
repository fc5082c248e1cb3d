// The catalog: what is sold and for how much, from a SQLite file that it fills at its first start.
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Answer } from "./answer.ts";
import { openDatabase } from "./database.ts";
import { settings } from "./env.ts";
import { hundredProducts } from "./products.ts";
import { serve } from "./serve.ts";
import { sickness } from "./sickness.ts";

const MAX_IDS = 50;
const columns = "id, name, price_cents AS priceCents, currency";

const env = settings("catalog");
const db = openDatabase(join(env.state, "catalog.db"), createAndFill);
const all = db.prepare(`SELECT ${columns} FROM products ORDER BY id`);
const one = db.prepare(`SELECT ${columns} FROM products WHERE id = ?`);

serve({
  settings: env,
  sick: sickness(),
  routes: {
    "GET /products": ({ query }) => {
      const ids = query.get("ids");
      return ids === null ? { status: 200, body: all.all() } : some(ids.split(",").map(Number));
    },
    "GET /products/:id": ({ id }) => {
      const product = one.get(Number(id));
      if (!product) return { status: 404, body: { error: `no product ${id}` } };
      return { status: 200, body: product };
    },
  },
});

/** In the order asked; what does not exist is left out. */
function some(ids: readonly number[]): Answer {
  if (ids.length > MAX_IDS) return { status: 400, body: { error: `at most ${MAX_IDS} ids` } };
  return { status: 200, body: ids.map((id) => one.get(id)).filter((row) => row !== undefined) };
}

function createAndFill(db: DatabaseSync): void {
  db.exec(`CREATE TABLE IF NOT EXISTS products (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER NOT NULL, currency TEXT NOT NULL
  )`);
  const add = db.prepare("INSERT INTO products VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
  for (const { id, name, priceCents, currency } of hundredProducts()) {
    add.run(id, name, priceCents, currency);
  }
}
