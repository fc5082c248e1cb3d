// Loaded before a suite, it gives the suite our adapters where it imports cockatiel or opossum.
import { registerHooks } from "node:module";
import { join } from "node:path";

const faces: ReadonlyMap<string, string> = new Map([
  ["cockatiel", join(import.meta.dirname, "cockatiel.ts")],
  ["opossum", join(import.meta.dirname, "opossum.ts")],
]);

registerHooks({
  resolve: (specifier, context, next) => next(faces.get(specifier) ?? specifier, context),
});
