// Signed advertisements in the agent: which are believed once, which never, what becomes of the numbers when a clock or a
// key is changed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from '../support/test.js';
import { Signing } from '../../src/agent/signing.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import { centiseconds } from '../../src/model/units.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { stampOf, TRAILER_LENGTH } from '../../src/wire/signature.js';
import { address } from '../support/fake-kernel.js';
import { PEER, routerSettings, VIRTUAL } from './rig.js';

const [ONE, TWO] = ['1a', '2b'].map((two) => two.repeat(32));
const ENVELOPE = { source: PEER, destination: VRRP_GROUP.ipv4 };
const PLAIN = encodeAdvertisement(
  { vrid: 51, priority: 200, maxAdvertiseInterval: centiseconds(100), addresses: [VIRTUAL] },
  { ...ENVELOPE, dialect: 'rfc9568' },
);

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-signing-'));
});
after(() => rmSync(folder, { recursive: true }));

interface Wanted {
  readonly keys?: string;
  readonly windowSeconds?: number;
  readonly signed?: VirtualRouterSettings['signed'];
}

/** A router with a clock of its own, in milliseconds, and a file of its own with keys. */
class Station {
  clock = 1_700_000_000_000;
  readonly problems: (string | null)[] = [];
  readonly router: VirtualRouterSettings;
  readonly signing: Signing;
  readonly #file: string;
  readonly #windowSeconds: number;

  constructor(name: string, { keys = `1 ${ONE}`, windowSeconds = 5, signed = 'require' }: Wanted) {
    this.router = routerSettings({ signed });
    this.#file = join(folder, name);
    this.#windowSeconds = windowSeconds;
    this.signing = new Signing({
      wallClock: () => this.clock,
      onProblem: (problem) => this.problems.push(problem),
    });
    this.write(keys);
  }

  write(keys: string): void {
    writeFileSync(this.#file, `${keys}\n`, { mode: 0o600 });
    const signing = { keyFile: this.#file, windowSeconds: this.#windowSeconds };
    this.signing.configure({ signing, virtualRouters: [this.router] });
  }

  remove(): void {
    rmSync(this.#file);
    const signing = { keyFile: this.#file, windowSeconds: this.#windowSeconds };
    this.signing.configure({ signing, virtualRouters: [this.router] });
  }

  sends(): Uint8Array {
    const seal = this.signing.sealOf(this.router);
    assert.ok(seal !== null, 'it signs');
    return seal(PLAIN, ENVELOPE);
  }

  hears(message: Uint8Array, source = PEER): string {
    return this.signing.doubt(this.router, source, message)?.reason ?? 'believed';
  }
}

let stations = 0;
const pair = (wanted: Wanted = {}, other: Wanted = wanted): [Station, Station] => {
  stations += 2;
  return [new Station(`from-${stations}`, wanted), new Station(`to-${stations}`, other)];
};

const sequenceOf = (message: Uint8Array): bigint => stampOf(message)?.sequence ?? 0n;

describe('an advertisement that a peer has signed', () => {
  it('is believed once; again, it is a recording', () => {
    const [from, to] = pair();
    const [first, second] = [from.sends(), from.sends()];
    assert.deepEqual(
      [first, second, second, first].map((one) => to.hears(one)),
      ['believed', 'believed', 'replayed', 'replayed'],
    );
  });

  it('is believed again after a restart of who hears it, within the window, until a later one is heard', () => {
    const [from, to] = pair();
    const message = from.sends();
    assert.equal(to.hears(message), 'believed');
    const [, anew] = pair();
    assert.equal(anew.hears(message), 'believed');
    assert.equal(anew.hears(message), 'replayed');
    anew.clock += 6_000;
    const [, later] = pair();
    later.clock = anew.clock;
    assert.equal(later.hears(message), 'stale');
  });

  it('under another key, a number that nobody has, from elsewhere, of another kind: never', () => {
    const [from, to] = pair({}, { keys: `1 ${TWO}` });
    assert.equal(to.hears(from.sends()), 'signature');
    to.write(`2 ${ONE}`);
    assert.equal(to.hears(from.sends()), 'signingKey');
    to.write(`1 ${ONE}`);
    assert.equal(to.hears(from.sends(), address('10.99.0.66')), 'signature');
    const other = from.sends();
    other[other.length - TRAILER_LENGTH] = 2;
    assert.equal(to.hears(other), 'trailer');
    assert.equal(to.hears(from.sends()), 'believed');
  });

  it('a forgery moves no mark: the next genuine one is believed', () => {
    const [from, to] = pair();
    from.clock += 4_000;
    const forged = from.sends();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    from.clock -= 4_000;
    assert.equal(to.hears(forged), 'signature');
    const [honest] = pair();
    assert.equal(to.hears(honest.sends()), 'believed');
  });
});

describe('the clocks of two that sign', () => {
  it('may differ by the window, either way, and no more', () => {
    const [from, to] = pair();
    for (const [ahead, expected] of [
      [-6_000, 'stale'],
      [-5_000, 'believed'],
      [5_000, 'believed'],
      [6_000, 'stale'],
    ] as const) {
      from.clock = to.clock + ahead;
      assert.equal(to.hears(from.sends()), expected, `${ahead} ms`);
    }
    const doubt = to.signing.doubt(to.router, PEER, from.sends());
    assert.match(doubt?.detail ?? '', /^6 s ahead by our clock, at most 5$/);
  });

  it('may differ by years without a window', () => {
    const [from, to] = pair({ windowSeconds: 0 });
    from.clock -= 400_000_000_000;
    assert.equal(to.hears(from.sends()), 'believed');
  });

  it('that stands still, or is set back a little: the numbers rise all the same', () => {
    const [from, to] = pair();
    const messages = [0, 0, -3_000, 0].map((step) => {
      from.clock += step;
      return from.sends();
    });
    assert.deepEqual(
      messages.map((one) => to.hears(one)),
      Array(4).fill('believed'),
    );
  });

  it('that is set back by more than the window: both go on by the clock that was set right', () => {
    const [from, to] = pair();
    for (const one of [from, to]) one.clock += 3_600_000;
    assert.equal(to.hears(from.sends()), 'believed');
    for (const one of [from, to]) one.clock -= 3_600_000;
    const message = from.sends();
    assert.ok(sequenceOf(message) >> 32n === BigInt(from.clock / 1_000));
    assert.equal(to.hears(message), 'believed');
    assert.equal(to.hears(message), 'replayed');
  });

  it('that is set back without a window: the numbers of who goes on rise; of who was started anew they are old', () => {
    const [from, to] = pair({ windowSeconds: 0 });
    assert.equal(to.hears(from.sends()), 'believed');
    from.clock -= 3_600_000;
    assert.equal(to.hears(from.sends()), 'believed');
    const [anew] = pair({ windowSeconds: 0 });
    anew.clock = from.clock;
    assert.equal(to.hears(anew.sends()), 'replayed');
    anew.clock += 3_600_001;
    assert.equal(to.hears(anew.sends()), 'believed');
  });
});

describe('a change of keys', () => {
  it('in three steps, each on one after the other: everything is believed all the while', () => {
    const [a, b] = pair();
    const both = (): void => {
      assert.equal(b.hears(a.sends()), 'believed');
      assert.equal(a.hears(b.sends()), 'believed');
    };
    for (const keys of [`1 ${ONE}\n2 ${TWO}`, `2 ${TWO}\n1 ${ONE}`, `2 ${TWO}`]) {
      a.write(keys);
      both();
      b.write(keys);
      both();
    }
    assert.equal(stampOf(a.sends())?.keyId, 2);
    assert.deepEqual(a.problems, []);
  });

  it('to a file that cannot be read: the keys in force stay, and that is said', () => {
    const [from, to] = pair();
    from.remove();
    assert.equal(to.hears(from.sends()), 'believed');
    assert.match(from.problems.join(), /^signing: the keys in force stay: .*there is no key file/);
    from.write(`1 ${ONE}`);
    assert.equal(from.problems.at(-1), null);
  });
});

describe('without a key that can be read', () => {
  it('nothing is signed, and no signature is believed', () => {
    const [from] = pair();
    stations += 1;
    const lost = new Station(`lost-${stations}`, { keys: '1 abc' });
    assert.equal(lost.signing.sealOf(lost.router), null);
    assert.equal(lost.hears(from.sends()), 'signingKey');
    assert.match(lost.problems.join(), /unsigned.*expected 64 to 128 hexadecimal digits, found 3/);
  });

  it('who receives only signs nothing; where no virtual router asks, no file is read', () => {
    const [receives] = pair({ signed: 'receive' });
    assert.equal(receives.signing.sealOf(receives.router), null);
    const [off] = pair({ signed: 'off', keys: 'nonsense' });
    assert.deepEqual(off.problems, []);
  });
});
