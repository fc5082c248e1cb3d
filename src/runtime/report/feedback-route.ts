// The route that our form is sent to: takes what a person wrote about an event, once.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { prefersHtml } from "./accept.ts";
import { type ErrorAnswer, pageAnswer, problemAnswer } from "./answer.ts";
import { type Feedback, longestEmail, longestMessage, longestName } from "./feedback.ts";
import { type Incoming, readForm } from "./form.ts";
import type { PageView } from "./page.ts";
import { createTickets } from "./tickets.ts";

export interface FeedbackRoute {
  readonly path: string;
  /** Somebody was shown a form for this event: what they write is taken, once, within the hour. */
  expect(eventId: string): void;
  /** Never rejects. */
  respond(incoming: Incoming, accept: string | undefined): Promise<ErrorAnswer>;
}

/** Forms that may be open at once; the oldest are given up. */
const most = 1_000;
const validMs = 3_600_000;

const gone: PageView = {
  title: "This form is closed",
  lead: "It was sent already, or it is more than an hour old. If you have more to say, please write to us.",
};
const unsent: PageView = {
  title: "It could not be sent",
  lead: "We cannot take it right now; what you wrote is still here. Please try once more in a minute.",
};
const thanks: PageView = {
  title: "Thank you",
  lead: "What you wrote has reached us. It helps to find out what went wrong.",
  well: true,
};

/**
 * No other site can send it in a person's name: it would have to know the id of an event, which is
 * random, told to one person and good for one time.
 */
export function feedbackRoute(options: {
  readonly path: string;
  /** It was not taken when it answers false, throws or rejects. */
  readonly tell: (feedback: Feedback) => unknown;
  readonly clock: Clock;
  readonly log: Log;
}): FeedbackRoute {
  const { path, tell, clock, log } = options;
  const tickets = createTickets(clock, most, validMs);

  const take = async (fields: URLSearchParams, html: boolean): Promise<ErrorAnswer> => {
    const eventId = (fields.get("event") ?? "").slice(0, 64);
    const message = field(fields, "message", longestMessage);
    const name = field(fields, "name", longestName);
    const email = field(fields, "email", longestEmail);
    if (!tickets.isOpen(eventId)) return told(410, gone, html);
    if (message === "") {
      const wrong = "Please write a few words first.";
      const form = { action: path, wrong, name, email };
      const view = { title: "Nothing was written", lead: "The form came empty.", eventId, form };
      return told(400, view, html);
    }
    tickets.take(eventId);
    const given = { message, eventId, ...(name && { name }), ...(email && { email }) };
    if (await isTold(given)) return html ? pageAnswer(200, thanks) : taken;
    tickets.issue(eventId);
    return told(503, { ...unsent, eventId, form: { action: path, message, name, email } }, html);
  };

  const isTold = async (feedback: Feedback): Promise<boolean> => {
    try {
      return (await tell(feedback)) !== false;
    } catch (error) {
      const { eventId } = feedback;
      log.warn("what a person wrote about an error could not be sent", { eventId, error });
      return false;
    }
  };

  return {
    path,
    expect: (eventId) => tickets.issue(eventId),
    respond: async (incoming, accept) => {
      const html = prefersHtml(accept);
      try {
        const sent = await readForm(incoming);
        if ("fields" in sent) return await take(sent.fields, html);
        return problemAnswer(sent.refused === "too large" ? 413 : 415);
      } catch (error) {
        // The connection broke while it was read: nobody is there to be answered.
        log.debug("a feedback form did not arrive", { error });
        return problemAnswer(400);
      }
    },
  };
}

const taken: ErrorAnswer = {
  status: 204,
  headers: { "cache-control": "no-store" },
  body: "",
};

function told(status: number, view: PageView, html: boolean): ErrorAnswer {
  return html ? pageAnswer(status, view) : problemAnswer(status, { detail: view.lead });
}

function field(fields: URLSearchParams, name: string, most: number): string {
  return (fields.get(name) ?? "").trim().slice(0, most);
}
