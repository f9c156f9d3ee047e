// Which name was probably meant. No knowledge of any setting or command.

/** Letters and digits only, lower case: `advert_int`, `advert-int` and `advertInt` are one word. */
export const plainSpelling = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/**
 * The candidate nearest to `name`: the same but for case and separators, or at most a third of its
 * letters away. Null when nothing is near.
 */
export function nearestName(name: string, candidates: readonly string[]): string | null {
  const wanted = plainSpelling(name).slice(0, 64);
  let best: { name: string; distance: number } | null = null;
  for (const candidate of candidates) {
    const plain = plainSpelling(candidate);
    const allowed = Math.max(1, Math.floor(candidate.length / 3));
    // Each letter too many or too few is a change: most candidates need no closer look.
    const least = Math.abs(plain.length - wanted.length);
    if (least > allowed || (best !== null && least >= best.distance)) continue;
    const distance = editDistance(wanted, plain);
    if (distance <= allowed && (best === null || distance < best.distance)) {
      best = { name: candidate, distance };
    }
  }
  return best?.name ?? null;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
