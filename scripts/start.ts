// `npm start`: builds the dashboard when it is not there yet, then plays the tour of the shop.
import { buildDashboard, isFresh } from "./dashboard.ts";

if (!isFresh()) await buildDashboard();
await import("../examples/shop/tour/main.ts");
