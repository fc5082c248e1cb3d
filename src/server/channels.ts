// The part of the API about the channels to people: to try them.
import type { ChannelTestsView, ChannelTestView } from "../protocol/api-channels.ts";
import { body } from "./given.ts";
import { json, type Router } from "./router.ts";

export interface ChannelsBackend {
  /** All of them when none is named. @throws UNKNOWN_ID */
  test(channel?: string): Promise<readonly ChannelTestView[]>;
}

export function channelRoutes(app: Router, channels: ChannelsBackend): void {
  const answer = async (channel?: string): Promise<ChannelTestsView> => ({
    tests: await channels.test(channel),
  });
  app.post("/api/notify/test", async (asked) => {
    await body(asked);
    return json(await answer());
  });
  app.post("/api/notify/test/:channel", async (asked) => {
    await body(asked);
    return json(await answer(asked.param("channel")));
  });
}
