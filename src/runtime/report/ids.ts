// Ids that nobody can guess: who knows the id of an event may say something about it, once.
import { randomUUID } from "node:crypto";

/** A UUID of version 4 without its dashes, as Sentry writes event ids. */
export function eventId(): string {
  return randomUUID().replaceAll("-", "");
}
