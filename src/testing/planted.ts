// Holds a kind against the checks of a suite without node:test: for the tests of the suites.

type Check<Given> = readonly [
  says: string,
  holds: (given: Given, skip: (why: string) => void) => unknown,
];

/** Names of the checks that fail, each of which is given a fresh one; to skip is not to fail. */
export async function failing<Given>(
  checks: readonly Check<Given>[],
  fresh: () => Given,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const [says, holds] of checks) {
    try {
      await holds(fresh(), () => {});
    } catch {
      failed.push(says);
    }
  }
  return failed;
}
