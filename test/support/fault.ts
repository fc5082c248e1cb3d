// One assertion for two: an imitation of a fault has to fail it, for the right reason, and ours to pass.
import assert from "node:assert/strict";

export interface Subjects<Subject> {
  /** Makes a little thing that has the fault just as the original had it. */
  readonly imitation: () => Subject | Promise<Subject>;
  readonly ours: () => Subject | Promise<Subject>;
  /** What the assertion says of the imitation: the fault, and not some slip of the imitation. */
  readonly shows: RegExp;
}

/**
 * Throws when `holds` passes for the imitation, as it then proves nothing; when the imitation breaks
 * down by itself; and when `holds` fails for ours.
 */
export async function onlyOursHolds<Subject>(
  { imitation, ours, shows }: Subjects<Subject>,
  holds: (subject: Subject) => void | Promise<void>,
): Promise<void> {
  const found = await failureOf(async () => holds(await imitation()));
  assert.ok(found !== undefined, "the imitation passes: the assertion does not see the fault");
  if (!(found instanceof assert.AssertionError)) throw found;
  assert.match(found.message, shows);
  await holds(await ours());
}

async function failureOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}
