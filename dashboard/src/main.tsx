// Starts the dashboard: theme before the first paint, then the page, the clock and the stream.
import { render } from "preact";
import { App } from "./app.tsx";
import { startKeyboard } from "./keyboard.ts";
import { startRouter } from "./routes/router.ts";
import { startClock } from "./store.ts";
import { startStream } from "./stream.ts";
import { startTheme } from "./theme.ts";

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no element #app");

startTheme();
render(<App />, root);
startRouter();
startKeyboard();
startClock();
startStream();
