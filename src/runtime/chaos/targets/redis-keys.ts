// Keys of Redis as they are, with their time to live: dumped, flushed unless changed, and restored.
import { builtin } from "../../../kernel/builtin.ts";
import { HomeostatError } from "../../../kernel/errors.ts";

export type RedisSend = (
  ...command: readonly [string, ...(string | Uint8Array)[]]
) => Promise<unknown>;

/** All three in base64 or as numbers, so that they fit in JSON. */
export interface DumpedKey {
  readonly key: string;
  readonly dump: string;
  /** Milliseconds since the Unix epoch by the server's clock; 0: it does not expire. */
  readonly untilMs: number;
}

interface Way {
  readonly send: RedisSend;
  readonly signal: AbortSignal;
}

export interface DumpOptions extends Way {
  readonly prefix: string;
  readonly keysMax: number;
  readonly bytesMax: number;
}

/** When a key ends, -1 for never: exactly where the server says it (Redis 7), else to the millisecond. */
const endScript = `local function endOf(key)
  local known = redis.pcall('PEXPIRETIME', key)
  if type(known) == 'number' then return known end
  local ttl, t = redis.call('PTTL', key), redis.call('TIME')
  return ttl < 0 and -1 or t[1] * 1000 + math.floor(t[2] / 1000) + ttl
end`;

/** Value and end in one go; nothing for a key that is gone, a word for one that does not fit. */
const readScript = `${endScript}
if (redis.call('MEMORY', 'USAGE', KEYS[1]) or 0) > tonumber(ARGV[1]) then return 'big' end
local dump = redis.call('DUMP', KEYS[1])
return dump and {dump, string.format('%.0f', math.max(0, endOf(KEYS[1])))}`;

/** Only what is in the file: a write that came since would be lost else. */
const flushScript = `${endScript}
local dump = redis.call('DUMP', KEYS[1])
if not dump or redis.sha1hex(dump) ~= ARGV[1] then return 0 end
if math.abs(math.max(0, endOf(KEYS[1])) - tonumber(ARGV[2])) > 10 then return 0 end
return redis.call('UNLINK', KEYS[1])`;

/** @throws OPTION_INVALID when there is more than the limits allow. */
export async function dumpKeys(options: DumpOptions): Promise<readonly DumpedKey[]> {
  const { bytesMax, prefix } = options;
  const names = await namesOf(options);
  let bytes = 0;
  const dumped: DumpedKey[] = [];
  await each(options, names, async (name) => {
    const key = Buffer.from(name, "base64");
    const reply = await options.send("EVAL", readScript, "1", key, String(bytesMax));
    if (reply === null) return;
    const [dump, until] = Array.isArray(reply) ? reply : [];
    bytes += dump?.length ?? 0;
    if (dump === undefined || bytes > bytesMax) {
      throw tooMuch(`the keys of ${prefix}* take more than ${bytesMax} bytes`);
    }
    dumped.push({
      key: name,
      dump: bytesOf(dump).toString("base64"),
      untilMs: Number(String(until)),
    });
  });
  return dumped;
}

/** How many were flushed; the others have changed or are gone. */
export async function flushKeys(way: Way, keys: readonly DumpedKey[]): Promise<number> {
  let flushed = 0;
  await each(way, keys, async ({ key, dump, untilMs }) => {
    const sum = builtin("node:crypto").createHash("sha1").update(Buffer.from(dump, "base64"));
    const name = Buffer.from(key, "base64");
    const until = String(untilMs);
    flushed += Number(await way.send("EVAL", flushScript, "1", name, sum.digest("hex"), until));
  });
  return flushed;
}

/** "present": somebody wrote it anew, or it never went. */
export async function restoreKeys(
  way: Way,
  keys: readonly DumpedKey[],
): Promise<{ readonly restored: number; readonly present: number }> {
  let present = 0;
  await each(way, keys, async ({ key, dump, untilMs }) => {
    const name = Buffer.from(key, "base64");
    const until = String(untilMs);
    try {
      // One whose time is over is not made: the server says OK and forgets it.
      await way.send("RESTORE", name, until, Buffer.from(dump, "base64"), "ABSTTL");
    } catch (error) {
      if (!(error instanceof Error && /BUSYKEY/.test(error.message))) throw error;
      present += 1;
    }
  });
  return { restored: keys.length - present, present };
}

/** The names in base64, each once: a scan may answer one twice. */
async function namesOf({ send, signal, prefix, keysMax }: DumpOptions): Promise<readonly string[]> {
  const match = `${prefix.replace(/[\\*?[\]]/g, "\\$&")}*`;
  const names = new Set<string>();
  let cursor = "0";
  do {
    signal.throwIfAborted();
    const reply = await send("SCAN", cursor, "MATCH", match, "COUNT", "1000");
    const [next, keys] = reply as [unknown, readonly unknown[]];
    for (const key of keys) names.add(bytesOf(key).toString("base64"));
    if (names.size > keysMax) throw tooMuch(`there are more than ${keysMax} keys of ${prefix}*`);
    cursor = String(next);
  } while (cursor !== "0");
  return [...names];
}

const atOnce = 50;

async function each<Item>(
  { signal }: Way,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < items.length; from += atOnce) {
    signal.throwIfAborted();
    const settled = await Promise.allSettled(items.slice(from, from + atOnce).map(work));
    for (const one of settled) if (one.status === "rejected") throw one.reason;
  }
}

/** A text has lost bytes on its way already. */
function bytesOf(reply: unknown): Buffer {
  if (reply instanceof Uint8Array) return Buffer.from(reply);
  throw new HomeostatError("OPTION_INVALID", "flushedRedis: send has to answer texts as Buffer");
}

function tooMuch(message: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `${message}: nothing was flushed`);
}
