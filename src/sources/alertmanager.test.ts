// Alerts as readings: one for each, and whether any is firing for the service.
import assert from "node:assert/strict";
import { test } from "node:test";
import { foreign, world } from "../../test/support/foreign.ts";
import { createAlertmanagerDesk } from "./alertmanager.ts";

const hourMs = 3_600_000;

function open() {
  const it = world();
  const desk = createAlertmanagerDesk(
    { where: "x", label: "service", forgetMs: hourMs, foreign },
    it,
  );
  const tell = (status: "firing" | "resolved", alertname: string, service = "web"): void => {
    const labels = { alertname, service, severity: "page" };
    const alert = { status, labels, annotations: { summary: `${alertname} is on` } };
    desk.take(Buffer.from(JSON.stringify({ version: "4", alerts: [alert] })));
  };
  const told = (): readonly unknown[] =>
    it.readings().map(({ target, metric, value, note }) => [target, metric, value, note]);
  return { ...it, desk, tell, told };
}

const slow = 'alert{alertname="Slow",service="web",severity="page"}';

test("an alert is a reading, and the service is not well while any is firing", () => {
  const { tell, told } = open();
  tell("firing", "Slow");
  assert.deepEqual(told(), [
    ["web", slow, 1, "Slow: Slow is on"],
    ["web", "alerts", 0, "Slow: Slow is on"],
  ]);
  tell("firing", "Full");
  tell("resolved", "Slow");
  assert.deepEqual(told().at(-1), ["web", "alerts", 0, "Full: Full is on"]);
  tell("resolved", "Full");
  assert.deepEqual(told().at(-1), ["web", "alerts", 1, "no alert"]);
});

test("alerts of no service are counted", () => {
  const { tell, told, desk } = open();
  tell("firing", "Slow", "shop");
  tell("firing", "Slow", "cart-api");
  assert.deepEqual(told().at(-1), ["cart", "alerts", 0, "Slow: Slow is on"]);
  assert.deepEqual(desk.view().unmapped, { shop: 1 });
});

test("an alert that is not repeated is over", async () => {
  const { tell, told, clock, desk } = open();
  tell("firing", "Slow");
  await clock.advance(hourMs / 2);
  tell("firing", "Slow");
  told();
  await clock.advance(hourMs / 2);
  desk.sweep();
  assert.deepEqual(
    told(),
    [
      ["cart", "alerts", 1, "no alert"],
      ["web", "alerts", 0, "Slow: Slow is on"],
    ].toReversed(),
  );
  await clock.advance(hourMs / 2);
  desk.sweep();
  assert.deepEqual(told(), [
    ["web", slow, 0, "Slow: Slow is on"],
    ["web", "alerts", 1, "no alert"],
  ]);
});

test("what is no message of version 4 is refused", () => {
  const { desk } = open();
  for (const body of ["", "[]", '{"version":"3","alerts":[]}']) {
    assert.throws(() => desk.take(Buffer.from(body)), { code: "WIRE_SHAPE" });
  }
  assert.deepEqual(desk.view().refused, { body: 3 });
});
