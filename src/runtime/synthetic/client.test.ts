// Cookies, redirects, tokens and forms as a browser has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { type Client, createClient, type Fetch } from "./client.ts";
import { createCookieJar } from "./cookies.ts";
import { fill, formIn } from "./form.ts";
import { tokenIn } from "./html.ts";
import { createInputs } from "./inputs.ts";
import { createPage, type Page } from "./page.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

function browser(answer: (seen: Seen) => Response): { client: Client; seen: Seen[] } {
  const seen: Seen[] = [];
  const clock = simClock();
  const fetch: Fetch = async (url, { method = "", headers, body }) => {
    const one = { method, url, headers: new Headers(headers), body };
    seen.push(one);
    return answer(one);
  };
  const client = createClient({
    baseUrl: "http://shop.test",
    fetch,
    clock,
    cookies: createCookieJar(clock.wall),
    signal: new AbortController().signal,
    bodyBytesMax: 1_000,
    mark: () => ({ "x-mark": "1" }),
    headers: { authorization: "Bearer base" },
    sent: () => {},
  });
  return { client, seen };
}

const to = (status: number, location: string): Response =>
  new Response(null, { status, headers: { location } });

test("redirects change the method as the Fetch standard says", async () => {
  const table: [number, string, string][] = [
    [301, "POST", "GET"],
    [302, "POST", "GET"],
    [303, "PUT", "GET"],
    [303, "HEAD", "HEAD"],
    [301, "PUT", "PUT"],
    [307, "POST", "POST"],
    [308, "POST", "POST"],
  ];
  for (const [status, method, then] of table) {
    const { client, seen } = browser(({ url }) =>
      url.endsWith("/b") ? new Response(null) : to(status, "/b"),
    );
    const options = method === "HEAD" ? {} : { json: { a: 1 } };
    const page = await client.request(method, "/a", options);
    assert.equal(page.url, "http://shop.test/b");
    assert.deepEqual(page.redirects, ["http://shop.test/a"]);
    assert.equal(seen[1]?.method, then, `${status} ${method}`);
    const kept = then === method && method !== "HEAD";
    assert.equal(seen[1]?.body !== null, kept, `${status} ${method}`);
    assert.equal(seen[1]?.headers.has("content-type"), kept);
  }
});

test("secrets stay with their origin, the marker goes everywhere", async () => {
  const { client, seen } = browser(({ url }) =>
    url.startsWith("http://other") ? new Response("") : to(302, "http://other.test/x"),
  );
  await client.get("/a", { headers: { authorization: "Bearer own", "x-kept": "1" } });
  assert.equal(seen[0]?.headers.get("authorization"), "Bearer own");
  assert.equal(seen[1]?.headers.get("authorization"), null);
  assert.deepEqual([seen[1]?.headers.get("x-kept"), seen[1]?.headers.get("x-mark")], ["1", "1"]);
});

test("a redirect that leads nowhere good is a failure that names it", async () => {
  const loop = browser(() => to(302, "/again"));
  await assert.rejects(
    loop.client.get("/"),
    /GET http:\/\/shop\.test\/: expected at most 10 redirects/,
  );
  assert.equal(loop.seen.length, 11);
  await assert.rejects(
    browser(() => to(302, "file:///etc/passwd")).client.get("/"),
    /http or https, got file:/,
  );
  const stay = await browser(() => to(302, "/b")).client.get("/", { follow: false });
  stay.expectStatus(302).expectHeader("location", "/b");
  await assert.rejects(
    browser(() => new Response("x".repeat(1_001))).client.get("/"),
    /at most 1000 bytes/,
  );
  await assert.rejects(
    browser(() => {
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    }).client.get("/"),
    /GET http:\/\/shop\.test\/: expected an answer, got fetch failed: connect ECONNREFUSED/,
  );
});

test("cookies go where RFC 6265 lets them", () => {
  let now = 1_000_000;
  const jar = createCookieJar(() => now);
  const at = (url: string): string => jar.header(new URL(url)) ?? "";
  const set = (url: string, ...lines: string[]): void => jar.store(new URL(url), lines);
  set(
    "http://shop.test/a/b",
    "own=1",
    "deep=2; Path=/a/b",
    "all=3; Path=/",
    "short=4; Path=/; Max-Age=10",
  );
  assert.equal(at("http://shop.test/a/b/c"), "deep=2; own=1; all=3; short=4");
  assert.equal(at("http://shop.test/a/bc"), "own=1; all=3; short=4");
  assert.equal(at("http://shop.test/"), "all=3; short=4");
  assert.equal(at("http://sub.shop.test/"), "", "host-only");
  now += 10_001;
  assert.equal(at("http://shop.test/"), "all=3");
  set("http://shop.test/", "all=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  assert.equal(at("http://shop.test/"), "");

  set(
    "https://a.shop.test/",
    "wide=1; Domain=.shop.test; Path=/",
    "tld=1; Domain=test",
    "bad=1; Domain=else.test",
  );
  assert.equal(at("http://b.shop.test/"), "wide=1");
  assert.equal(at("http://b.test/"), "");
  set("http://shop.test/", "s=1; Secure", "__Host-x=1; Secure; Path=/; Domain=shop.test");
  assert.equal(at("https://shop.test/"), "wide=1", "a plain origin may not set a secure cookie");
  set("https://shop.test/", "s=1; Secure", "__Host-x=1; Secure; Path=/");
  assert.equal(at("https://shop.test/"), "wide=1; s=1; __Host-x=1");
  assert.equal(at("http://shop.test/"), "wide=1");
  set("http://127.0.0.1:80/", "s=1; Secure");
  assert.equal(at("http://127.0.0.1:81/"), "s=1", "this machine is trusted; ports share cookies");
});

test("the token of a page is found under its usual names, by name and by selector", () => {
  assert.equal(tokenIn('<meta name="csrf-token" content="a&amp;b">'), "a&b");
  assert.equal(tokenIn("<input value=tok type=hidden name=_csrf>"), "tok");
  assert.equal(tokenIn('<input name="odd" value="v">', "odd"), "v");
  assert.equal(tokenIn('<p id="t" class="x y" data-k=\'1\'> v </p>', "p#t.y[data-k='1']"), "v");
  assert.equal(
    tokenIn('<!-- <input name="_csrf" value="old"> --><input name="_csrf" value="new">'),
    "new",
  );
  assert.equal(tokenIn('<script>\'<input name="_csrf" value="no">\'</script>'), undefined);
  assert.equal(tokenIn('<input name="_csrf" value=""><p>none'), undefined);
});

const login = `<form id="search"><input name="q"></form>
  <form id="login" method="post" action="/login?next=%2F">
    <input type="hidden" name="_csrf" value="t&quot;1"><input name="user"><input type=password name=pass>
    <input type="checkbox" name="stay" value="yes" checked><input type="radio" name="plan" value="a" checked>
    <input type="radio" name="plan" value="b"><input name="off" disabled value="x">
    <select name="lang"><option value="de">Deutsch</option><option selected>English</option></select>
    <textarea name="note">
<b>hi</b></textarea>
    <button name="go" value="in">Go</button><button name="go" value="other">No</button>
  </form><input name="late" form="login" value="z">`;

test("a form is sent as a browser would", () => {
  const form = formIn(login, "#login");
  assert.ok(form);
  assert.deepEqual([form.method, form.action, form.multipart], ["POST", "/login?next=%2F", false]);
  const filled = fill(form, { user: "me", pass: "pw", stay: false, plan: "b" });
  assert.deepEqual(filled, {
    entries: [
      ["_csrf", 't"1'],
      ["user", "me"],
      ["pass", "pw"],
      ["plan", "b"],
      ["lang", "English"],
      ["note", "<b>hi</b>"],
      ["go", "in"],
      ["late", "z"],
    ],
  });
  const wrong = (fields: Record<string, string>): string => {
    const found = fill(form, fields);
    return "wrong" in found ? found.wrong : "";
  };
  assert.match(wrong({ name: "me" }), /a field "name", but the form has "_csrf", "user"/);
  assert.match(wrong({ lang: "fr" }), /"lang" to offer "fr", but it offers "de", "English"/);
});

test("submit resolves the action, carries the token and follows to the next page", async () => {
  const { client, seen } = browser(({ method }) =>
    method === "POST"
      ? to(303, "/welcome")
      : new Response(login, { headers: { "set-cookie": "s=1" } }),
  );
  const page = await client.get("/account/enter");
  assert.equal(page.csrf(), 't"1');
  const next = await page.submit({ user: "me", pass: "pw" }, { form: "#login" });
  next.expectPath("/welcome");
  assert.equal(seen[1]?.url, "http://shop.test/login?next=%2F");
  assert.ok(seen[1]?.body instanceof URLSearchParams);
  assert.equal(new URLSearchParams(seen[1]?.body as URLSearchParams).get("_csrf"), 't"1');
  await page.submit({ q: "tea & milk" });
  assert.equal(seen[3]?.url, "http://shop.test/account/enter?q=tea+%26+milk");
  await assert.rejects(page.submit({}, { form: "#nope" }), /expected a form #nope/);
});

function pageOf(text: string, status = 200): Page {
  const headers = new Headers({ "content-type": "text/html" });
  const answer = {
    method: "GET",
    url: "http://x.test/p?q=1",
    status,
    headers,
    text,
    latencyMs: 1,
    redirects: [],
  };
  return createPage(answer, () => Promise.reject(new Error("not sent")));
}

test("assertions say where, what was expected and what came", () => {
  const page = pageOf('{"items":[{"price":3,"name":"tea"}],"n":1}');
  page.expectJson({ items: [{ price: 3 }] }).expectJson((body: unknown) => body !== null);
  page
    .expectNoText("Error")
    .expectPath("/p")
    .expectPath("/p?q=1")
    .expectHeader("content-type", /html/);
  assert.throws(
    () => page.expectJson({ items: [{ price: 4 }] }),
    /GET http:\/\/x\.test\/p\?q=1: expected body\.items\[0\]\.price 4, got 3/,
  );
  assert.throws(() => page.expectJson({ items: [] }), /expected body\.items \[\], got/);
  assert.throws(() => page.expectText("tea", "milk"), /expected text "milk"/);
  assert.throws(() => page.expectNoText(/tea/), /expected no text \/tea\//);
  assert.throws(() => page.expectPath("/q"), /expected path "\/q", got \/p\?q=1/);
  assert.throws(() => pageOf("<p>").expectJson({}), /expected a JSON body, got "<p>"/);
  assert.throws(() => pageOf("", 500).expectStatus(200), /status 200, got 500 with an empty body/);
  assert.throws(
    () => pageOf("password=geheim").csrf(),
    (error: Error) => !error.message.includes("geheim"),
  );
});

test("the same seed gives the same inputs", () => {
  const make = (seed: number): unknown[] => {
    const inputs = createInputs(seed);
    return [
      inputs.integer(5, 9),
      inputs.word(),
      inputs.email(),
      inputs.pick([1, 2, 3]),
      inputs.digits(6),
      inputs.text(3),
    ];
  };
  assert.deepEqual(make(7), make(7));
  assert.notDeepEqual(make(7), make(8));
  const { integer } = createInputs(1);
  const seen = new Set(Array.from({ length: 200 }, () => integer(-1, 1)));
  assert.deepEqual([...seen].toSorted(), [-1, 0, 1]);
});

test("a page of a million odd characters is read in no time", () => {
  for (const odd of ["<", "<a '", '<a x="', "<!--", "<textarea>", "<a b=c ", "&#x", "<p>"]) {
    const from = process.hrtime.bigint();
    tokenIn(odd.repeat(Math.ceil(300_000 / odd.length)));
    const tookMs = Number(process.hrtime.bigint() - from) / 1e6;
    assert.ok(tookMs < 1_500, `${odd}: ${tookMs} ms`);
  }
});
