// Whether what every object inherits from is as it was at the start of the process: text of somebody else that names
// "__proto__" or "constructor" must not get there. No inputs.
import assert from 'node:assert/strict';

const PROTOTYPES: readonly (readonly [string, object])[] = [
  ['Object', Object.prototype],
  ['Array', Array.prototype],
  ['Function', Function.prototype],
  ['String', String.prototype],
  ['Map', Map.prototype],
  ['the function Object', Object],
];

const namesOf = (of: object): readonly PropertyKey[] => Reflect.ownKeys(of);

const AT_FIRST = PROTOTYPES.map(([, of]) => namesOf(of).length);

/** What is asked of instances: an assignment adds what can be enumerated. Each is empty. */
const INSTANCES: readonly object[] = [{}, [], () => 0, new Map()];

/** Whether nothing was assigned to what they inherit from: sees less than `pristine`, and costs next to nothing. */
export function seemsPristine(): boolean {
  for (const one of INSTANCES) {
    // Inherited names, too: they are what is looked for.
    for (const name in one) if (name in one) return false;
  }
  return true;
}

/** @throws AssertionError that names what was added or taken away. */
export function pristine(): void {
  for (const [index, [name, of]] of PROTOTYPES.entries()) {
    const names = namesOf(of);
    if (names.length === AT_FIRST[index]) continue;
    const last = String(names.at(-1));
    assert.fail(
      `${name}: ${AT_FIRST[index]} properties expected, found ${names.length}, ${last} the last`,
    );
  }
}
