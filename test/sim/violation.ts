// What is thrown when a promise is broken. Nothing else.

export class Violation extends Error {
  override readonly name = 'Violation';
}
