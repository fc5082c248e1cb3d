// What the settings of channels say together: what each kind needs, names that exist, secrets that are there.
import { nameOfService, namePhrase } from "./forms.ts";
import type { Finding } from "./problem.ts";
import { type Raw, record } from "./raw.ts";
import { fillSecret, readSecret, type Secret, type Surroundings } from "./secret.ts";
import { type At, either, nearest, quote } from "./words.ts";

interface Kind {
  readonly may: readonly string[];
  readonly must: readonly string[];
  /** May be given as a file, too. */
  readonly secret: {
    readonly name: string;
    readonly form: RegExp;
    readonly phrase: string;
    readonly needed: boolean;
  };
}

const kinds: Readonly<Record<string, Kind>> = {
  pagerduty: {
    may: ["severity", "url"],
    must: [],
    secret: {
      ...{ name: "routingKey", form: /^[\w+-]{32}$/, needed: true },
      phrase: "a routing key of 32 characters",
    },
  },
  telegram: {
    may: ["commands", "users", "url"],
    must: ["chats"],
    secret: {
      ...{ name: "token", form: /^\d{1,20}:[\w-]{20,200}$/, needed: true },
      phrase: "a token such as 123456:ABC…, as BotFather gives it",
    },
  },
  webhook: {
    may: ["form", "topic", "headers"],
    must: ["url"],
    secret: {
      ...{ name: "secret", form: /^.{8,}$/, needed: false },
      phrase: "text of 8 characters or more",
    },
  },
};

const channelsMax = 20;

export function checkChannels(root: Raw, around: Surroundings): readonly Finding[] {
  const notify = record(root.notify);
  const channels = record(notify.channels);
  const names = Object.keys(channels);
  const at = ["notify", "channels"];
  return [
    ...checkCount(notify.channels, names.length, at),
    ...names.flatMap((name) => [
      ...checkName(name, [...at, name]),
      ...checkChannel(record(channels[name]), [...at, name], around),
    ]),
    ...checkListeners(channels, at, around),
    ...checkNames(notify.urgent, names, ["notify", "urgent"], true),
    ...checkNames(notify.info, names, ["notify", "info"], false),
  ];
}

function checkCount(channels: unknown, count: number, at: At): readonly Finding[] {
  const isMap = typeof channels === "object" && channels !== null && !Array.isArray(channels);
  if (!isMap || (count > 0 && count <= channelsMax)) return [];
  return [{ at, expected: `1 to ${channelsMax} channels`, got: count === 0 ? "none" : `${count}` }];
}

function checkName(name: string, at: At): readonly Finding[] {
  if (nameOfService.test(name) && !(name in {})) return [];
  return [{ at, expected: namePhrase, got: quote(name) }];
}

function checkChannel(channel: Raw, at: At, around: Surroundings): readonly Finding[] {
  const kind = kinds[String(channel.kind)];
  if (!kind) return [];
  const own = settingsOf(kind);
  const known = new Set(Object.values(kinds).flatMap(settingsOf));
  const foreign = Object.keys(channel).filter((key) => known.has(key) && !own.includes(key));
  return [
    ...foreign.map((key) => {
      const got = `${quote(key)}, which ${String(channel.kind)} does not have`;
      return { at: [...at, key], expected: either(own.map(quote)), got };
    }),
    ...kind.must
      .filter((key) => channel[key] === undefined)
      .map((key) => ({ at: [...at, key], expected: `${key} of the channel`, got: "nothing" })),
    ...checkSecret(channel, at, around, kind),
    ...checkUrl(channel.url, [...at, "url"], around),
    ...checkHeaders(record(channel.headers), [...at, "headers"], around),
    ...checkTogether(channel, at),
  ];
}

function settingsOf({ may, must, secret: { name } }: Kind): readonly string[] {
  return [...must, ...may, name, `${name}File`];
}

function checkSecret(
  channel: Raw,
  at: At,
  around: Surroundings,
  { secret: { name, form, phrase, needed } }: Kind,
): readonly Finding[] {
  const [text, file] = [channel[name], channel[`${name}File`]];
  const one = `${name} or ${name}File`;
  if (text === undefined && file === undefined) {
    return needed ? [{ at: [...at, name], expected: one, got: "none of them" }] : [];
  }
  if (text !== undefined && file !== undefined) {
    return [{ at: [...at, name], expected: one, got: "both" }];
  }
  const place = [...at, text === undefined ? `${name}File` : name];
  if (typeof text === "string") {
    return fits(fillSecret(text, around), place, (value) => form.test(value), phrase);
  }
  if (typeof file !== "string" || file === "") return [];
  return fits(readSecret(file, around), place, (value) => form.test(value), phrase);
}

/** The value itself is never told. */
function fits(
  found: Secret,
  at: At,
  holds: (value: string) => boolean,
  expected: string,
): readonly Finding[] {
  if (!found.ok) return [{ at, expected: found.expected, got: found.got }];
  if (holds(found.value)) return [];
  return [{ at, expected, got: `text of ${found.value.length} characters` }];
}

function checkUrl(url: unknown, at: At, around: Surroundings): readonly Finding[] {
  if (typeof url !== "string") return [];
  const isUrl = (value: string): boolean => {
    if (!URL.canParse(value)) return false;
    const { protocol, username, password } = new URL(value);
    return /^https?:$/.test(protocol) && `${username}${password}` === "";
  };
  return fits(fillSecret(url, around), at, isUrl, "an http or https address without a user in it");
}

function checkHeaders(headers: Raw, at: At, around: Surroundings): readonly Finding[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      return [{ at: [...at, name], expected: "the name of a header", got: quote(name) }];
    }
    if (typeof value !== "string") return [];
    const isText = (it: string): boolean => /^[\t\x20-\x7e]*$/.test(it);
    return fits(fillSecret(value, around), [...at, name], isText, "visible characters");
  });
}

function checkTogether({ commands, users, form, topic }: Raw, at: At): readonly Finding[] {
  const findings: Finding[] = [];
  if (commands === true && users === undefined) {
    const expected = "users who may, because commands is true";
    findings.push({ at: [...at, "users"], expected, got: "nothing" });
  }
  if (form === "ntfy" && topic === undefined) {
    findings.push({ at: [...at, "topic"], expected: "the topic of ntfy", got: "nothing" });
  }
  if (topic !== undefined && form !== "ntfy") {
    const expected = 'form: "ntfy" beside it';
    findings.push({ at: [...at, "topic"], expected, got: "another form" });
  }
  return findings;
}

/** Telegram gives each update to one listener: two of one bot would take them from each other. */
function checkListeners(channels: Raw, at: At, around: Surroundings): readonly Finding[] {
  const seen = new Set<string>();
  return Object.entries(channels).flatMap(([name, value]) => {
    const { commands, token, tokenFile } = record(value);
    if (commands !== true) return [];
    const found =
      typeof tokenFile === "string"
        ? readSecret(tokenFile, around)
        : fillSecret(String(token), around);
    if (!found.ok || !seen.has(found.value)) {
      if (found.ok) seen.add(found.value);
      return [];
    }
    const expected = "one channel of a bot that takes commands";
    return [{ at: [...at, name, "commands"], expected, got: "a second one" }];
  });
}

function checkNames(
  value: unknown,
  known: readonly string[],
  at: At,
  needed: boolean,
): readonly Finding[] {
  if (!Array.isArray(value)) return [];
  if (value.length === 0 && needed) return [{ at, expected: "one channel at least", got: "none" }];
  return value.flatMap((name: unknown, i): readonly Finding[] => {
    if (typeof name !== "string") return [];
    if (value.indexOf(name) < i) {
      return [{ at: [...at, i], expected: "each channel once", got: `${quote(name)} again` }];
    }
    if (known.includes(name)) return [];
    const near = nearest(name, known);
    const expected = near === undefined ? `one of ${known.join(", ")}` : quote(near);
    return [{ at: [...at, i], expected, got: `${quote(name)}, which is no channel` }];
  });
}
