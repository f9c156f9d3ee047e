// Whether two values of plain data are alike: what isDeepStrictEqual says of them, several times as fast. No inputs.

type Known = Readonly<Record<PropertyKey, unknown>>;

const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

/**
 * Objects, lists, bytes and what has no parts. Two of another kind (maps, dates) are alike only where they are one: whoever
 * asks then looks more closely.
 */
export function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  if (one === null || other === null) return false;
  const prototype: unknown = Object.getPrototypeOf(one);
  if (prototype !== Object.getPrototypeOf(other)) return false;
  if (one instanceof Uint8Array && other instanceof Uint8Array) return sameBytes(one, other);
  if (Array.isArray(one)) return sameList(one, other as readonly unknown[]);
  if (prototype !== Object.prototype) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every(
    (key) => Object.hasOwn(other, key) && same((one as Known)[key], (other as Known)[key]),
  );
}

function sameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1)
    if (!same(one[index], other[index])) return false;
  return true;
}
