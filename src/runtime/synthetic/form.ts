// The forms of a page and what a browser would send for them.
import { select, type Tag, tagsOf } from "./html.ts";

export type FieldValue = string | number | boolean | readonly string[];
export type Fields = Readonly<Record<string, FieldValue>>;

interface Field {
  readonly name: string;
  readonly type: string;
  /** What the page has in it; of a select the options that are chosen. */
  readonly values: readonly string[];
  /** Of a checkbox, a radio button or an option: the value that it stands for. */
  readonly choices: readonly string[];
}

export interface Form {
  /** As the page says; empty for the page's own address. */
  readonly action: string;
  readonly method: "GET" | "POST";
  readonly multipart: boolean;
  readonly fields: readonly Field[];
}

/** What is wrong, for a message; or what is sent. */
export type Filled = { readonly wrong: string } | { readonly entries: [string, string][] };

/** The first form that `selector` means (any form if left out). */
export function formIn(html: string, selector = "form"): Form | undefined {
  const tags = tagsOf(html);
  const form = select(tags, selector)?.find(({ name }) => name === "form");
  if (!form) return undefined;
  const start = tags.indexOf(form);
  const close = tags.findIndex(({ name, closing }, at) => at > start && closing && name === "form");
  const end = close < 0 ? tags.length : close;
  const id = form.attributes.get("id");
  const owned = tags.filter(({ attributes }, at) => {
    const owner = attributes.get("form");
    return owner === undefined ? at > start && at < end : id !== undefined && owner === id;
  });
  return {
    action: form.attributes.get("action") ?? "",
    method: form.attributes.get("method")?.toLowerCase() === "post" ? "POST" : "GET",
    multipart: form.attributes.get("enctype")?.toLowerCase() === "multipart/form-data",
    fields: fieldsOf(owned),
  };
}

/** Fields that nobody gave keep what the page has in them: hidden tokens go along by themselves. */
export function fill(form: Form, given: Fields, button?: string): Filled {
  const names = [...new Set(form.fields.map(({ name }) => name))];
  for (const [name, value] of Object.entries(given)) {
    const fields = form.fields.filter((field) => field.name === name);
    if (fields.length === 0) {
      return { wrong: `a field ${quoted(name)}, but the form has ${names.map(quoted).join(", ")}` };
    }
    const choices = fields.flatMap((field) => field.choices);
    const odd = wanted(value).find((one) => !choices.includes(one));
    if (choices.length > 0 && typeof value !== "boolean" && odd !== undefined) {
      const known = choices.map(quoted).join(", ");
      return { wrong: `${quoted(name)} to offer ${quoted(odd)}, but it offers ${known}` };
    }
  }
  const buttons = form.fields.filter(isButton);
  const pressed = buttons.find(({ name }) => button === undefined || name === button);
  if (button !== undefined && !pressed) return { wrong: `a button ${quoted(button)}` };
  const entries: [string, string][] = [];
  for (const field of form.fields) {
    if (isButton(field) ? field !== pressed : false) continue;
    for (const value of sent(field, given[field.name])) entries.push([field.name, value]);
  }
  return { entries };
}

function sent(field: Field, value: FieldValue | undefined): readonly string[] {
  if (value === undefined) return field.values;
  if (field.choices.length === 0) return wanted(value);
  if (typeof value === "boolean") return value ? field.choices : [];
  return field.choices.filter((choice) => wanted(value).includes(choice));
}

function wanted(value: FieldValue): readonly string[] {
  return typeof value === "object" ? value : [String(value)];
}

function isButton({ type }: Field): boolean {
  return type === "submit" || type === "image";
}

/** Of the tags within a form, in the order of the page. */
function fieldsOf(tags: readonly Tag[]): readonly Field[] {
  const fields: Field[] = [];
  for (const [at, tag] of tags.entries()) {
    const { attributes } = tag;
    const name = attributes.get("name");
    if (tag.closing || name === undefined || name === "" || attributes.has("disabled")) continue;
    const value = attributes.get("value");
    if (tag.name === "textarea") {
      // A newline that follows the tag at once is not part of the text.
      fields.push({ name, type: "text", values: [tag.text.replace(/^\r?\n/, "")], choices: [] });
    } else if (tag.name === "select") {
      fields.push(selectOf(name, tags.slice(at + 1), attributes.has("multiple")));
    } else if (tag.name === "button") {
      const type = attributes.get("type")?.toLowerCase() ?? "submit";
      if (type === "submit") fields.push({ name, type, values: [value ?? ""], choices: [] });
    } else if (tag.name === "input") {
      const field = inputOf(name, attributes, value);
      if (field) fields.push(field);
    }
  }
  return fields;
}

function inputOf(
  name: string,
  attributes: ReadonlyMap<string, string>,
  value: string | undefined,
): Field | undefined {
  const type = attributes.get("type")?.toLowerCase() ?? "text";
  if (type === "button" || type === "reset" || type === "file") return undefined;
  if (type !== "checkbox" && type !== "radio") {
    return { name, type, values: [value ?? ""], choices: [] };
  }
  const choice = value ?? "on";
  return { name, type, values: attributes.has("checked") ? [choice] : [], choices: [choice] };
}

function selectOf(name: string, after: readonly Tag[], multiple: boolean): Field {
  const end = after.findIndex((tag) => tag.name === "select");
  const options = after
    .slice(0, end < 0 ? after.length : end)
    .filter((tag) => tag.name === "option" && !tag.closing && !tag.attributes.has("disabled"))
    .map(({ attributes, text }) => ({
      value: attributes.get("value") ?? text.trim(),
      chosen: attributes.has("selected"),
    }));
  const chosen = options.filter((option) => option.chosen);
  const first = multiple ? [] : options.slice(0, 1);
  const kept = chosen.length > 0 ? chosen : first;
  return {
    name,
    type: "select",
    values: kept.map((option) => option.value),
    choices: options.map((option) => option.value),
  };
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
