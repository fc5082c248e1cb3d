// What each tick needs of the state, worked out once for as long as it stays as it is.
import type { State } from "./state.ts";

/** What changes when processes start and end, and when people say so: not from tick to tick. */
export type Basis = Pick<State, "instances" | "policy" | "held">;

/** A state is never changed, so what was worked out of one stays true of it. */
export function steady<T, With = undefined>(
  work: (basis: Basis, beside: With) => T,
): (basis: Basis, beside: With) => T {
  const known = new WeakMap<
    Basis["instances"],
    Omit<Basis, "instances"> & { readonly beside: With; readonly is: T }
  >();
  return (basis, beside) => {
    const { instances, policy, held } = basis;
    const before = known.get(instances);
    if (before?.policy === policy && before.held === held && before.beside === beside) {
      return before.is;
    }
    const is = work(basis, beside);
    known.set(instances, { policy, held, beside, is });
    return is;
  };
}
