// Recommendations: four products that go with one; as quick as its model store is.
import { settings } from "./env.ts";
import { nearest } from "./model-store.ts";
import { serve } from "./serve.ts";
import { sickness } from "./sickness.ts";

const COUNT = 4;
const sick = sickness("slow");

serve({
  settings: settings("recommendations"),
  sick,
  routes: {
    "GET /recommendations/:id": async ({ id }) => {
      const product = Number(id);
      if (!Number.isInteger(product) || product < 1 || product > 100) {
        return { status: 404, body: { error: `no product ${id}` } };
      }
      return { status: 200, body: { ids: await nearest(product, COUNT, sick.slowMs()) } };
    },
  },
});
