// The shape of what a config says about whom to tell, and how.
import { z } from "zod";
import { block, choice, duration, text } from "./schema-parts.ts";

const secretPhrase = "text of 1 to 4096 characters without line breaks";
const secret = (about: string): z.ZodOptional<z.ZodString> =>
  text(secretPhrase, /^[^\r\n]{1,4096}$/)
    .describe(`${about} As \${NAME}: a variable of the environment.`)
    .optional();

const filePhrase = 'a file such as "token.txt"';
const file = (about: string): z.ZodOptional<z.ZodString> =>
  z.string(filePhrase).min(1, filePhrase).describe(about).optional();

const chatPhrase = 'the number of a chat such as -1001234567890, or "@channel"';
const chatsPhrase = "a list of 1 to 20 chats, such as [123456789]";
const usersPhrase = "a list of 1 to 100 numbers of users, such as [123456789]";
const userPhrase = "the number of a user, such as 123456789";
const namesPhrase = 'a list of 0 to 20 channels, such as ["chat"]';
const headersPhrase = `headers such as { authorization: "Bearer \${TOKEN}" }`;

const names = (about: string): z.ZodOptional<z.ZodType<string[]>> =>
  z.array(z.string("text"), namesPhrase).max(20, namesPhrase).describe(about).optional();

/** One shape for all kinds, so that a wrong setting is told and not the whole channel. */
const channel = block(`{ kind: "pagerduty", routingKey: "\${PAGERDUTY_KEY}" }`, {
  kind: z
    .enum(["pagerduty", "telegram", "webhook"], '"pagerduty", "telegram" or "webhook"')
    .describe("What the channel is."),
  url: secret("The address; pagerduty and telegram know theirs."),
  routingKey: secret('pagerduty: of an integration "Events API v2".'),
  routingKeyFile: file("pagerduty: a file that holds the routing key."),
  severity: choice("pagerduty: of what is urgent. Default critical.", [
    "critical",
    "error",
    "warning",
    "info",
  ]),
  token: secret("telegram: of the bot."),
  tokenFile: file("telegram: a file that holds the token."),
  chats: z
    .array(z.union([z.int(chatPhrase), text(chatPhrase, /^@\w{4,64}$/)], chatPhrase), chatsPhrase)
    .min(1, chatsPhrase)
    .max(20, chatsPhrase)
    .describe("telegram: who is told.")
    .optional(),
  commands: z
    .boolean("true or false")
    .describe("telegram: whether people may answer and order by chat. Default false.")
    .optional(),
  users: z
    .array(z.int(userPhrase).min(1, userPhrase), usersPhrase)
    .min(1, usersPhrase)
    .max(100, usersPhrase)
    .describe("telegram: who may order.")
    .optional(),
  form: choice("webhook: what is posted. Default json.", ["json", "slack", "ntfy", "alertmanager"]),
  topic: text('a topic such as "alerts"', /^[\w-]{1,64}$/)
    .describe("webhook of the form ntfy: its topic.")
    .optional(),
  secret: secret("webhook: signs the body, in x-homeostat-signature."),
  secretFile: file("webhook: a file that holds the secret."),
  headers: z
    .record(z.string(), text(secretPhrase, /^[^\r\n]{0,4096}$/), headersPhrase)
    .describe(`webhook: sent with each request; values may hold \${NAME}.`)
    .optional(),
});

export const notify: z.ZodType = block('{ channels: { pager: { kind: "pagerduty", … } } }', {
  channels: z
    .record(z.string(), channel, 'channels by name, such as { chat: { kind: "telegram", … } }')
    .describe("The ways to reach people."),
  urgent: names("Told when a person is needed, all at once. Default: all channels."),
  info: names("Told what was done, and asked. Default: all but pagerduty."),
  escalateAfter: duration(
    "What is urgent and undelivered for so long goes to the next channel. Default 2m.",
    1_000,
  ),
  url: text('an address such as "https://ops.example.com"', /^https?:\/\/[!-~]{1,500}$/)
    .describe("Where people reach the dashboard.")
    .optional(),
})
  .describe("Whom to tell, and how.")
  .optional();
