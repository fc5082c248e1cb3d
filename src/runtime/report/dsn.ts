// Reads a DSN: where a Sentry project takes what is sent, and with which key.
// Source: develop.sentry.dev, SDK › Transport › Authentication (parsing the DSN, X-Sentry-Auth).
import { HomeostatError } from "../../kernel/errors.ts";

export interface Dsn {
  /** Where envelopes go; holds no key. */
  readonly url: string;
  /** For people and for the log: the host with its port. */
  readonly host: string;
  /** What must never be shown: the DSN as it was given, and its keys. */
  readonly secrets: readonly string[];
  /** The value of `X-Sentry-Auth` for a client with this name and version. */
  auth(client: string): string;
}

const form = "https://KEY@HOST/PROJECT";

/**
 * `{protocol}://{public key}[:{secret key}]@{host}{path}/{project}`.
 * @throws OPTION_INVALID naming what is wrong with it, and never the DSN itself.
 */
export function parseDsn(text: unknown, who: string): Dsn {
  const wrong = (what: string): never => {
    throw new HomeostatError("OPTION_INVALID", `${who}: the dsn ${what}; its form is ${form}`);
  };
  if (typeof text !== "string" || text.trim() === "") return wrong("is empty");
  const dsn = text.trim();
  const url = URL.canParse(dsn) ? new URL(dsn) : wrong("is no URL");
  const { protocol, host, username, password } = url;
  if (protocol !== "https:" && protocol !== "http:") {
    return wrong(`has the protocol ${protocol.slice(0, 20)} and not http: or https:`);
  }
  if (username === "") wrong("has no public key before the @");
  if (!/^\w{1,128}$/.test(username)) wrong("has a public key with characters that no key has");
  if (password !== "" && !/^\w{1,128}$/.test(password)) {
    wrong("has a secret key with characters that no key has");
  }
  if (url.search !== "" || url.hash !== "") wrong("goes on behind its project");
  const parts = url.pathname.split("/");
  const project = parts.pop() ?? "";
  if (project === "") wrong("has no project behind its host");
  if (!/^[\w-]{1,64}$/.test(project)) wrong("has a project that is no id");

  const secret = password === "" ? "" : `, sentry_secret=${password}`;
  return {
    url: `${protocol}//${host}${parts.join("/")}/api/${project}/envelope/`,
    host,
    secrets: [dsn, username, password].filter((part) => part !== ""),
    auth: (client) =>
      `Sentry sentry_version=7, sentry_client=${client}, sentry_key=${username}${secret}`,
  };
}
