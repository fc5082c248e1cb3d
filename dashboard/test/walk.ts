// What people do with the page, as steps in a real browser; test/browser runs them.
import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { type Fixture, startFixture } from "./fixture.ts";
import type { Scene } from "./world.ts";

export type Step = (page: Page, fixture: Fixture) => Promise<void>;

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();

const steps: Readonly<Record<string, readonly [Scene, Step]>> = {
  "stop asks once, says who stopped, and resumes": [
    "healing",
    async (page, fixture) => {
      await page.getByRole("button", { name: "Stop healing" }).click();
      await page.getByLabel("Reason (optional)").fill("test");
      await page.getByRole("dialog").getByRole("button", { name: "Stop healing" }).click();
      await page.getByText("Healing was stopped by anna").waitFor();
      assert.deepEqual(fixture.posts, ['POST /api/pause 1 {"reason":"test"}']);
      await page.getByRole("button", { name: "Resume healing" }).click();
      await page.getByText("Healing was stopped by anna").waitFor({ state: "detached" });
    },
  ],
  "an approval is given once; a second answer shows the error and its hint": [
    "approval",
    async (page, fixture) => {
      fixture.shop.answer("P3");
      await page.getByRole("button", { name: "Approve" }).click();
      const toast = await text(page, ".toast p");
      assert.match(toast, /P3 was answered already\.\s*Reload to see by whom\./);
      await page.getByRole("button", { name: "Approve" }).waitFor({ state: "detached" });
    },
  ],
  "j, k, Enter and Escape walk through the incidents": [
    "healing",
    async (page) => {
      for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: /payments fails/ }).waitFor();
      assert.match(page.url(), /#\/incidents\/6$/);
      await page.keyboard.press("j");
      await page.getByText("Incident 5").waitFor();
      await page.keyboard.press("Escape");
      await page.waitForURL(/#\/$/);
      await page.locator('[data-incident="5"]:focus').waitFor();
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    },
  ],
  "the mark on the beats opens the incident, with the stack's frame and the wait": [
    "healing",
    async (page) => {
      await page.getByRole("link", { name: "restart: open incident 7" }).click();
      assert.match(await text(page, ".is-star"), /^resizeThumbnail .*thumbnails\.ts:88:14/);
      assert.match(await text(page, ".is-waits"), /one-at-a-time 1 against 0/);
      await page.getByRole("button", { name: "Copy as Markdown" }).click();
      await page.getByText("Copied as Markdown.").waitFor();
      const copied = await page.evaluate("navigator.clipboard.readText()");
      assert.match(String(copied), /^# Incident 7/);
    },
  ],
  "the bar of beats is read by key, and tells the note of what is sick": [
    "approval",
    async (page) => {
      const bar = page.getByRole("slider", { name: "recommendations/1, last minute" });
      assert.match((await bar.getAttribute("aria-valuetext")) ?? "", /s ok, \d+ s sick/);
      await bar.focus();
      await page.keyboard.press("ArrowLeft");
      assert.match(await text(page, ".tip"), /^1 s ago: sick\s+812 MiB resident/);
      await page.keyboard.press("Home");
      assert.match(await text(page, ".tip"), /^59 s ago: ok/);
    },
  ],
  "an opened instance draws four charts that grow, and its own lines only": [
    "healing",
    async (page) => {
      await page.getByRole("link", { name: /^web\/2/ }).click();
      await page.locator(".chart canvas").nth(3).waitFor();
      await page.getByText(/GET \/products\/81/).waitFor();
      assert.doesNotMatch(await text(page, ".panel pre"), /GET \/health/);
      const before = await text(page, ".charts");
      // Each second, on a machine that is not busy.
      for (let tries = 0; tries < 40 && (await text(page, ".charts")) === before; tries++) {
        await page.waitForTimeout(500);
      }
      assert.notEqual(await text(page, ".charts"), before);
      assert.match(page.url(), /#\/instances\/web\/2$/);
      await page.getByRole("button", { name: "Restart web…" }).click();
      await page.getByRole("button", { name: "Restart", exact: true }).click();
      await page.getByText("web was restarted.").waitFor();
      await page.keyboard.press("Escape");
      await page.locator(".panel").waitFor({ state: "detached" });
    },
  ],
  "an instance without traffic says so instead of drawing nothing": [
    "healing",
    async (page) => {
      await page.getByRole("link", { name: /^worker\/1/ }).click();
      await page.getByText("No readings yet.").first().waitFor();
    },
  ],
  "a lost daemon is told, old data is marked, and it comes back by itself": [
    "healing",
    async (page, fixture) => {
      fixture.setGone(true);
      await page.getByText("Reconnecting").waitFor();
      await page.getByText("This is old.").waitFor({ timeout: 9_000 });
      await page.locator(".is-stale").waitFor();
      fixture.setGone(false);
      await page.getByText("This is old.").waitFor({ state: "detached", timeout: 12_000 });
      await page.getByText("Live").waitFor();
    },
  ],
  "the theme is toggled and remembered": [
    "calm",
    async (page) => {
      await page.getByText("Nothing has needed healing in this journal.").waitFor();
      await page.getByRole("button", { name: "Dark theme" }).click();
      await page.reload();
      await page.getByRole("button", { name: "Light theme" }).waitFor();
    },
  ],
};

export interface Walk {
  readonly name: string;
  readonly scene: Scene;
  readonly step: Step;
}

export const walks: readonly Walk[] = Object.entries(steps).map(([name, [scene, step]]) => ({
  name,
  scene,
  step,
}));

/** Opens the page of a scene in a context of its own, takes the step, and ends both. */
export async function walk(browser: Browser, { scene, step }: Walk): Promise<void> {
  const fixture = await startFixture(scene);
  const context = await browser.newContext({
    colorScheme: "light",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(5_000);
  const broken: string[] = [];
  page.on("pageerror", (error) => broken.push(error.stack ?? error.message));
  try {
    await page.goto(fixture.url);
    await page.waitForSelector(".verdict-text");
    await step(page, fixture);
    assert.deepEqual(broken, []);
  } finally {
    await context.close();
    await fixture.close();
  }
}

/** How many files the built page has, and how heavy they are together. */
export async function weigh(): Promise<{ readonly files: number; readonly bytes: number }> {
  const dist = new URL("../dist/", import.meta.url);
  const entries = await readdir(dist, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
