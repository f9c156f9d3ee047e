// A plain value in which every alias is a copy of its own: what is filled in at one place changes no other. No YAML.

/** Values that aliases stand for, altogether: far more than 1024 virtual routers take. */
export const MOST_COPIES = 100_000;

const OWN = { enumerable: true, configurable: true, writable: true } as const;

/** The value anew, nothing in it shared; null when that takes more than `most` copies. What contains itself goes on to. */
export function unshared(value: unknown, most = MOST_COPIES): { readonly value: unknown } | null {
  const seen = new Set<object>();
  const around = new Map<object, unknown>();
  let left = most;
  const copyOf = (one: unknown): unknown => {
    if (typeof one !== 'object' || one === null || left < 0) return one;
    if (around.has(one)) return around.get(one);
    const parts = Object.entries(one);
    if (seen.has(one)) left -= 1 + parts.length;
    seen.add(one);
    const copy = (Array.isArray(one) ? [] : {}) as Record<string, unknown>;
    around.set(one, copy);
    for (const [key, part] of parts) {
      // An assignment would set what the object inherits from.
      if (key === '__proto__') Object.defineProperty(copy, key, { ...OWN, value: copyOf(part) });
      else copy[key] = copyOf(part);
    }
    around.delete(one);
    return copy;
  };
  const copied = copyOf(value);
  return left < 0 ? null : { value: copied };
}
