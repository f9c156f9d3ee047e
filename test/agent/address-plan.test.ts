// One plan over all virtual routers, against the kernel itself: the lines run through `ip`, and what stands
// afterwards counts. No agent.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, before, beforeEach, describe, it } from '../support/test.js';
import { planAddresses, removalLines, type Wish } from '../../src/agent/address-plan.js';
import { OwnAddresses } from '../../src/agent/own-addresses.js';
import { openKernel } from '../../src/kernel/native.js';
import { parseAddressWithPrefix, type AddressWithPrefix } from '../../src/model/address.js';
import type { LinkAddress } from '../../src/model/link.js';
import { enterNamespace, ip } from '../support/namespace.js';

const skip = enterNamespace(import.meta.url);
const VIP = fileURLToPath(new URL('../../../scripts/vip', import.meta.url));

const parsed = (text: string): AddressWithPrefix => {
  const value = parseAddressWithPrefix(text);
  if (value === null) throw new Error(`address/prefix expected, ${text} found`);
  return value;
};

const wish = (state: Wish['state'], ...texts: string[]): Wish => ({
  virtualRouter: `${state} ${texts.join(' ')}`,
  target: { interface: 'lan', addresses: texts.map(parsed) },
  state,
  due: true,
});

const standing = (): LinkAddress[] => {
  const watch = openKernel().openNetworkWatch(() => undefined);
  const link = [...watch.links.values()].find(({ name }) => name === 'lan');
  const found = [...watch.addresses()].filter(({ linkIndex }) => linkIndex === link?.index);
  watch.close();
  return found;
};

/** Without the interface's own, which the kernel makes of its hardware address. */
const texts = (): string[] =>
  standing()
    .map((one) => `${one.address}/${one.prefixLength}`)
    .filter((text) => !text.startsWith('fe80:'));

/** What the kernel has after the plan, and the lines of it. */
function carryOut(own: readonly string[], ...wishes: Wish[]): string[] {
  const ours = new OwnAddresses();
  for (const text of own) ours.add({ interface: 'lan', linkIndex: null, address: parsed(text) });
  const { lines } = planAddresses({
    own: ours,
    wishes,
    standingOn: () => standing(),
    leaseSeconds: 60,
    isUp: () => true,
  });
  run(lines.map(({ line }) => line));
  return lines.map(({ line }) => line);
}

const run = (lines: readonly string[]): void =>
  void execFileSync(VIP, { input: `${lines.join('\n')}\n`, stdio: ['pipe', 'inherit', 'inherit'] });

describe('one plan over all virtual routers', { skip }, () => {
  before(() => ip('link add lan type veth peer name other'));
  beforeEach(() => {
    ip('link set other up');
    ip('link set lan up');
    // As the kernel has it; a distribution may have set it.
    writeFileSync('/proc/sys/net/ipv4/conf/lan/promote_secondaries', '0');
  });
  afterEach(() => ip('address flush dev lan'));

  it('an address that goes takes none with it that somebody wants, or somebody else has put there', () => {
    ip('address add 10.99.0.100/24 dev lan valid_lft 60 preferred_lft 60');
    ip('address add 10.99.0.101/24 dev lan valid_lft 60 preferred_lft 60');
    ip('address add 10.99.0.7/24 dev lan');
    ip('address add 10.99.0.8/24 dev lan valid_lft 600 preferred_lft 600');
    ip('address add 10.99.0.9/16 dev lan');
    const lines = carryOut(
      ['10.99.0.100/24', '10.99.0.101/24', '10.99.0.102/24'],
      wish('wanted', '10.99.0.101/24'),
      wish('released', '10.99.0.100/24', '10.99.0.102/24'),
    );
    assert.deepEqual(texts().sort(), [
      '10.99.0.101/24',
      '10.99.0.7/24',
      '10.99.0.8/24',
      '10.99.0.9/16',
    ]);
    const lifetimes = new Map(standing().map((one) => [String(one.address), one.validSeconds]));
    assert.equal(lifetimes.get('10.99.0.7'), null, 'for ever, as it was');
    assert.ok((lifetimes.get('10.99.0.8') ?? 0) > 500, 'its own lifetime, and not ours');
    assert.ok((lifetimes.get('10.99.0.101') ?? 999) <= 60);
    assert.ok(!lines.some((line) => line.includes('10.99.0.9')), 'of another subnet');
  });

  it('an address that comes in the subnet of the first one that goes stays', () => {
    ip('address add 10.99.0.100/24 dev lan');
    carryOut(['10.99.0.100/24'], wish('wanted', '10.99.0.101/24'));
    assert.deepEqual(texts(), ['10.99.0.101/24']);
  });

  it('an IPv6 address gets another prefix length', () => {
    ip('address add 2001:db8::51/64 dev lan nodad');
    carryOut(['2001:db8::51/64'], wish('wanted', '2001:db8::51/128'));
    assert.deepEqual(texts(), ['2001:db8::51/128']);
  });

  it('a release takes away what it names, and nothing else', () => {
    ip('address add 10.99.0.100/24 dev lan');
    ip('address add 10.99.0.101/24 dev lan');
    ip('address add 10.99.0.7/24 dev lan');
    const addresses = ['10.99.0.100/24', '10.99.0.101/24'].map(parsed);
    run(removalLines([{ interface: 'lan', addresses }], () => standing()));
    assert.deepEqual(texts(), ['10.99.0.7/24']);
  });
});
