// Lines of OTLP as the listener to a service's log hears them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { linesFor } from "./otlp-lines.ts";

test("each service has one stream, a line its severity, and what is too much is left out", () => {
  const heard: string[] = [];
  const asked: string[] = [];
  let room = 2;
  const hear = linesFor((service) => {
    asked.push(service);
    if (service === "mute") return undefined;
    return { passes: () => room-- > 0, line: (text) => void heard.push(`${service}: ${text}`) };
  });
  hear("web/1", "boom\n  at x", "fatal", 0);
  hear("web/2", "fine", "info", 0);
  hear("web", "too much", "info", 0);
  hear("mute", "a", "info", 0);
  hear("mute", "b", "info", 0);
  assert.deepEqual(heard, ["web: FATAL boom", "web: INFO fine"]);
  assert.deepEqual(asked, ["web", "mute"]);
});
