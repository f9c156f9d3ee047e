// Assertions on what must hold. Never used on input: bad input gets an error a person can act on.

/** Thrown when the program contradicts itself. The agent dies of it; its supervisor restarts it. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** @throws AssertionFailure when `condition` does not hold; `claim` says what should have held. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionFailure(claim);
}

/** For the place a closed union cannot reach: the compiler proves it, this guards it at run time. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable case: ${JSON.stringify(value)}`);
}
