// Who may ask, with a token and without: programs, the page, and pages of other ports.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cookieOf, isAllowed } from "./auth.ts";
import type { Asked } from "./router.ts";

const token = "0123456789abcdef";
const host = "127.0.0.1:7700";

function asked(method: string, headers: Readonly<Record<string, string>>, query = ""): Asked {
  const all: Readonly<Record<string, string | undefined>> = { host, ...headers };
  return {
    method,
    path: "/api/pause",
    param: () => "",
    query: (name) => new URLSearchParams(query).get(name) ?? undefined,
    header: (name) => all[name],
    text: () => Promise.resolve(""),
  };
}

const ours = { "x-homeostat": "1", origin: `http://${host}` };
const cookie = { cookie: `a=b; homeostat=${cookieOf(token)}` };

test("with a token: a program by its header, the page by its cookie, nobody else", () => {
  const bearer = { authorization: `Bearer ${token}` };
  const passes: readonly Asked[] = [
    asked("POST", bearer),
    asked("GET", { ...bearer, host: "shop.example.com" }),
    asked("GET", cookie),
    asked("POST", { ...cookie, ...ours }),
    asked("GET", {}, `token=${token}`),
  ];
  for (const one of passes) assert.equal(isAllowed(one, token), undefined);
  const refused: readonly Asked[] = [
    asked("GET", {}),
    asked("GET", { authorization: `Bearer ${token}x` }),
    // The cookie is sent to every app of this host: it must not be the token.
    asked("GET", { cookie: `homeostat=${token}` }),
    asked("GET", { authorization: `Bearer ${cookieOf(token)}` }),
    // A page of another port has the cookie sent along, and cannot add the header.
    asked("POST", { ...cookie, origin: "http://127.0.0.1:3000" }),
    asked("POST", { ...cookie, ...ours, origin: "http://127.0.0.1:3000" }),
    asked("POST", {}, `token=${token}`),
  ];
  for (const one of refused) assert.notEqual(isAllowed(one, token), undefined);
});

test("without a token: this machine by its own name, and no other page", () => {
  assert.equal(isAllowed(asked("POST", ours), undefined), undefined);
  assert.equal(isAllowed(asked("GET", {}), undefined), undefined);
  assert.match(isAllowed(asked("GET", { host: "evil.example" }), undefined) ?? "", /Host of this/);
  assert.match(isAllowed(asked("POST", {}), undefined) ?? "", /x-homeostat/);
  const foreign = { ...ours, origin: "http://evil.example" };
  assert.match(isAllowed(asked("POST", foreign), undefined) ?? "", /no other origin/);
});
