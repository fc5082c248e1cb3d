// The HTML of the shop: plain, small, and whole with or without recommendations.
import type { Product } from "./products.ts";

/** `recommended` is undefined when the recommendations did not come in time. */
export function homePage(
  products: readonly Product[],
  recommended: readonly Product[] | undefined,
): string {
  const list = products.map(line).join("");
  return page("The Homeostat Shop", `<ul>${list}</ul>`, "Often bought today", recommended);
}

export function productPage(product: Product, recommended: readonly Product[] | undefined): string {
  const name = escaped(product.name);
  const body = `<h2>${name}</h2><p>${price(product)}</p>`;
  return page(name, body, "Goes well with it", recommended);
}

export function errorPage(title: string): string {
  return `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1></html>`;
}

function page(
  title: string,
  body: string,
  heading: string,
  recommended: readonly Product[] | undefined,
): string {
  const state = recommended ? "on" : "off";
  const aside = recommended
    ? `<aside><h3>${heading}</h3><ul>${recommended.map(line).join("")}</ul></aside>`
    : "";
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body{font:16px system-ui;max-width:40em;margin:2em auto;padding:0 1em}</style>
<body data-recommendations="${state}"><h1><a href="/">The Homeostat Shop</a></h1>
${body}${aside}</body></html>`;
}

function line(product: Product): string {
  const { id, name } = product;
  return `<li><a href="/product/${id}">${escaped(name)}</a> ${price(product)}</li>`;
}

function price({ priceCents, currency }: Product): string {
  return `${(priceCents / 100).toFixed(2)} ${escaped(currency)}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
