// Sends a test message through each channel, and says who answered.
import { type Clock, deadline } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Notice } from "../notifiers/notifier.ts";
import type { ChannelTestView } from "../protocol/api-channels.ts";
import type { MadeChannel } from "./channel-kinds.ts";

const testMs = 15_000;

/** All of them when none is named. @throws UNKNOWN_ID */
export async function testChannels(
  channels: readonly MadeChannel[],
  project: string,
  clock: Clock,
  named?: string,
): Promise<readonly ChannelTestView[]> {
  const chosen = channels.filter(({ notifier }) => named === undefined || notifier.name === named);
  if (chosen.length === 0) {
    const known = channels.map(({ notifier }) => notifier.name).join(", ");
    const what = named === undefined ? "there is no channel" : `there is no channel ${named}`;
    const more = known === "" ? "the config has no notify.channels" : `known: ${known}`;
    throw new HomeostatError("UNKNOWN_ID", `${what}; ${more}`);
  }
  return Promise.all(chosen.map((channel) => testOne(channel, project, clock)));
}

async function testOne(
  { notifier, way, staysOpen }: MadeChannel,
  project: string,
  clock: Clock,
): Promise<ChannelTestView> {
  const fromMs = clock.now();
  const notice: Notice = {
    incident: `test-${clock.wall()}`,
    title: `${project}: a test of this channel`,
    text: `Homeostat was asked to try ${notifier.name}. Nothing is wrong.`,
    urgent: false,
  };
  const limit = deadline(clock, testMs);
  const { signal } = limit;
  const view = (ok: boolean): ChannelTestView => {
    const tookMs = Math.round(clock.now() - fromMs);
    return { channel: notifier.name, way, ok, tookMs };
  };
  try {
    await notifier.send(notice, { signal });
    if (staysOpen) await notifier.send({ ...notice, over: true }, { signal });
    return view(true);
  } catch (error) {
    return { ...view(false), reason: messageOf(error) };
  } finally {
    limit.done();
  }
}
