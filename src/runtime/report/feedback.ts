// What a person wrote about an error they met, as Sentry's user feedback.
// Source: develop.sentry.dev, SDK › Telemetry › Feedback (wire format).
import type { Mask } from "../parts/mask.ts";
import { baseOf, type EventBase, type EventSettings } from "./event.ts";

export interface Feedback {
  /** 4,096 characters at most; longer ones are cut. */
  readonly message: string;
  readonly name?: string;
  readonly email?: string;
  /** The event it is about. */
  readonly eventId?: string;
  /** Where the person was. */
  readonly url?: string;
}

export const longestMessage = 4_096;
export const longestName = 200;
/** RFC 5321, 4.5.3.1.3: a path of 256 octets, less its brackets. */
export const longestEmail = 254;

export function feedbackEvent(
  { message, name, email, eventId, url }: Feedback,
  own: { readonly eventId: string; readonly at: number },
  settings: EventSettings,
): EventBase & { readonly type: "feedback" } {
  const text = (value: string, most: number): string => lines(value, settings.mask).slice(0, most);
  const base = baseOf(own.eventId, own.at, "info", settings);
  return {
    ...base,
    type: "feedback",
    contexts: {
      ...base.contexts,
      feedback: {
        message: text(message, longestMessage),
        ...(name && { name: text(name, longestName) }),
        ...(email && { contact_email: email.slice(0, longestEmail) }),
        ...(url && { url: text(url, 1_024) }),
        ...(eventId && { associated_event_id: eventId }),
      },
    },
  };
}

function lines(value: string, mask: Mask): string {
  return mask.text(value).trim();
}
