// A lease in Redis (5 or later, or what speaks like it): one key that runs out, one that counts.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Lease } from "./lease.ts";

/**
 * Sends one command and resolves with its reply; rejects for an error reply and when the server
 * cannot be reached: `(...args) => client.call(...args)`, `(...args) => client.sendCommand(args)`.
 */
export type RedisSend = (...command: readonly string[]) => Promise<unknown>;

// Read, decided and written in one script: SET NX alone would hand tokens out in another order than
// the lease, and a GET that a PEXPIRE follows may prolong somebody else's. The token is at least the
// server's time in microseconds, so that a server that lost all its data does not begin again at 1.
const acquireScript = `
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%d+ (.*)$') ~= ARGV[1] then
  return {0, held, redis.call('PTTL', KEYS[1])}
end
local time = redis.call('TIME')
local nowUs = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local token = string.format('%.0f', math.max(last + 1, nowUs))
redis.call('SET', KEYS[2], token)
redis.call('SET', KEYS[1], token .. ' ' .. ARGV[1], 'PX', ARGV[2])
return {1, token, 0}`;

const renewScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

const releaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/**
 * The keys are `homeostat:{KEY}`, which runs out by itself, and `homeostat:{KEY}:token`.
 *
 * A Redis that starts again without its data, or fails over to a replica that had not yet got the
 * last write, gives the lease twice: for at most the time to live two may then lead, and only the
 * fencing token tells them apart. Where that cannot be, take {@link postgresLease}.
 */
export function redisLease(send: RedisSend, key: string): Lease {
  // The braces keep both keys on one node of a cluster.
  const name = `homeostat:{${key}}`;
  const told = (token: number, holder: string): string => `${token} ${holder}`;
  const run = (script: string, keys: readonly string[], ...args: readonly string[]) =>
    send("EVAL", script, String(keys.length), ...keys, ...args);
  return {
    name,
    acquire: async (holder, ttlMs, signal) => {
      signal.throwIfAborted();
      const keys = [name, `${name}:token`];
      const reply = await run(acquireScript, keys, holder, millisecondsOf(ttlMs));
      if (!Array.isArray(reply)) throw strange(name, reply);
      const [given, text, leftMs] = reply;
      if (given === 1) return { token: tokenOf(name, text) };
      const heldBy = String(text).replace(/^\d+ /, "");
      // Negative when it was made without an end, which is not ours.
      return Number(leftMs) >= 0 ? { heldBy, untilMs: Number(leftMs) } : { heldBy };
    },
    renew: async (holder, token, ttlMs, signal) => {
      signal.throwIfAborted();
      return (await run(renewScript, [name], told(token, holder), millisecondsOf(ttlMs))) === 1;
    },
    release: async (holder, token) => {
      await run(releaseScript, [name], told(token, holder));
    },
  };
}

const millisecondsOf = (ms: number): string => String(Math.max(1, Math.ceil(ms)));

function tokenOf(name: string, text: unknown): number {
  const token = Number(text);
  if (Number.isSafeInteger(token) && token > 0) return token;
  throw strange(name, text);
}

function strange(name: string, reply: unknown): HomeostatError {
  const said = JSON.stringify(reply)?.slice(0, 100);
  return new HomeostatError("WIRE_SHAPE", `lease ${name}: expected the reply of EVAL, got ${said}`);
}
