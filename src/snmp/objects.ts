// A set of objects as it is at one instant, and what SNMP asks of it (RFC 2741 §7.2.3). Read only; no bytes.
import { compareOids, type Oid, type SearchRange, type Value, type VarBind } from './agentx.js';

/** What a walk may ask for at most in one go. */
const MOST_REPETITIONS = 1_000;

export class Objects {
  readonly #all: readonly VarBind[];

  constructor(all: readonly VarBind[]) {
    this.#all = all.toSorted((left, right) => compareOids(left.oid, right.oid));
  }

  get size(): number {
    return this.#all.length;
  }

  /** `columns`: what there may be, whatever there is: an instance that is missing is of one of them, or of nothing. */
  get({ start }: SearchRange, columns: readonly Oid[]): VarBind {
    const at = this.#firstFrom(start);
    const found = this.#all[at];
    if (found !== undefined && compareOids(found.oid, start) === 0) return found;
    const isKnown = columns.some((column) => column.every((one, index) => start[index] === one));
    return { oid: start, value: { type: isKnown ? 'noSuchInstance' : 'noSuchObject' } };
  }

  next({ start, included, end }: SearchRange): VarBind {
    let at = this.#firstFrom(start);
    const first = this.#all[at];
    if (!included && first !== undefined && compareOids(first.oid, start) === 0) at += 1;
    const found = this.#all[at];
    const isInside = found !== undefined && (end === null || compareOids(found.oid, end) < 0);
    return isInside ? found : { oid: start, value: END };
  }

  /** The first `nonRepeaters` once, the others up to `maxRepetitions` times, in turn. */
  bulk(
    ranges: readonly SearchRange[],
    nonRepeaters: number,
    maxRepetitions: number,
  ): readonly VarBind[] {
    const once = ranges.slice(0, nonRepeaters).map((range) => this.next(range));
    let repeated = ranges.slice(nonRepeaters);
    const found: VarBind[] = [];
    const most = Math.min(maxRepetitions, MOST_REPETITIONS);
    for (let turn = 0; turn < most && repeated.length > 0; turn += 1) {
      const row = repeated.map((range) => this.next(range));
      found.push(...row);
      if (row.every(({ value }) => value.type === 'endOfMibView')) break;
      repeated = repeated.map((range, index) => ({
        ...range,
        start: row[index]?.oid ?? range.start,
        included: false,
      }));
    }
    return [...once, ...found];
  }

  /** Where the first stands that is not before `oid`. */
  #firstFrom(oid: Oid): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const one = this.#all[middle];
      if (one !== undefined && compareOids(one.oid, oid) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const END: Value = { type: 'endOfMibView' };
