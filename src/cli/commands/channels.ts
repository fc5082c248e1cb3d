// `homeostat notify test`: sends a message through each channel, and says who answered.
import { systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { systemRandom } from "../../kernel/random.ts";
import type { ChannelTestsView, ChannelTestView } from "../../protocol/api-channels.ts";
import { testChannels } from "../../wiring/channel-test.ts";
import { makeChannels } from "../../wiring/channels.ts";
import { loadConfig } from "../../wiring/load.ts";
import { connect, type GlobalOptions, readNote, type Where, whereIs } from "../context.ts";
import { paint, say, sayJson, table } from "../print.ts";

/** By the daemon, which has the secrets of its environment; without one, as the config is here. */
export async function testNotify(
  channel: string | undefined,
  options: GlobalOptions,
): Promise<void> {
  const where = whereIs(options);
  const tests = readNote(where.state)
    ? await viaDaemon(where, channel)
    : await directly(where, channel, options);
  if (options.json) sayJson({ tests });
  else say(table(tests.map(row)));
  const deaf = tests.filter(({ ok }) => !ok).map((it) => it.channel);
  if (deaf.length === 0) return;
  throw new HomeostatError("NOT_DELIVERED", `no answer by ${deaf.join(", ")}`);
}

function row({ channel, way, ok, tookMs, reason = "" }: ChannelTestView): readonly string[] {
  const said = ok ? paint("good", "answered") : paint("bad", "failed");
  return [paint("bold", channel), way, said, formatDuration(tookMs), paint("dim", reason)];
}

async function viaDaemon(
  where: Where,
  channel: string | undefined,
): Promise<readonly ChannelTestView[]> {
  const named = channel === undefined ? "" : `/${encodeURIComponent(channel)}`;
  const { tests } = await connect(where).post<ChannelTestsView>(`/api/notify/test${named}`);
  return tests;
}

async function directly(
  { folder }: Where,
  channel: string | undefined,
  { config }: GlobalOptions,
): Promise<readonly ChannelTestView[]> {
  const resolved = await loadConfig({
    folder,
    ...(config === undefined ? {} : { file: config }),
    env: process.env,
    clock: systemClock,
  });
  const channels = makeChannels(resolved, systemClock, systemRandom);
  return testChannels(channels, resolved.policy.project, systemClock, channel);
}
