// The dashboard in a real browser: what people do with it, on a played shop and on a real daemon.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch } from "../../dashboard/test/chromium.ts";
import { walk, walks, weigh } from "../../dashboard/test/walk.ts";
import { createProject, type Project } from "../process/support/project.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

describe("the page on a played shop", () => {
  it("is three files of under 120 kB, so that it comes quickly over a phone's bad line", async () => {
    const { files, bytes } = await weigh();
    assert.equal(files, 3);
    assert.ok(bytes < 120_000, `${bytes} bytes`);
  });
  for (const one of walks) it(one.name, () => walk(browser, one));
});

const views = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
];

describe("the page on a real daemon", () => {
  let project: Project;
  before(async () => {
    const server = `require("node:http").createServer((q, r) => r.end("ok")).listen(process.env.PORT)`;
    project = await createProject((_, port) => ({
      project: "page",
      services: {
        api: {
          command: [process.execPath, "-e", server],
          port: port(),
          probe: { http: "/", interval: "200ms" },
          restart: { backoff: { first: "10ms" } },
          healing: { verify: { healthy: "1s", timeout: "20s" } },
        },
      },
    }));
    await project.up();
    await project.healthy();
  });
  after(() => project.remove());

  const open = async (view: { width: number; height: number }): Promise<Page> => {
    const context = await browser.newContext({ viewport: view });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    await page.goto(project.url);
    return page;
  };

  it("stops all healing and lets it go on, and shows the incident with its reasons", async () => {
    const page = await open(views[1] ?? { width: 1280, height: 800 });
    await page.locator(".verdict-text", { hasText: "The service is well." }).waitFor();
    await page.getByRole("button", { name: "Stop healing" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop healing" }).click();
    await page.getByRole("button", { name: "Resume healing" }).waitFor();
    process.kill(project.leader("api/1").pid, "SIGKILL");
    await page.getByText("Healing is stopped by").first().waitFor();
    await page.waitForTimeout(1_500);
    assert.equal(project.marked().filter((it) => it.target === "api/1").length, 0);
    await page.getByRole("button", { name: "Resume healing" }).click();
    await project.healthy();
    await page.goto(`${project.url}/#/incidents/1`);
    await page.getByText("api/1 crashed: killed by SIGKILL").first().waitFor();
    await page.getByText("all healing is stopped by").first().waitFor();
    await page.getByText("resolved").first().waitFor();
    await page.context().close();
  });

  it("never scrolls sideways, on a phone or a desk", async () => {
    for (const view of views) {
      const page = await open(view);
      await page.waitForSelector(".verdict-text");
      const width = await page.evaluate("document.scrollingElement.scrollWidth");
      assert.ok(Number(width) <= view.width, `${width} > ${view.width}`);
      await page.context().close();
    }
  });
});
