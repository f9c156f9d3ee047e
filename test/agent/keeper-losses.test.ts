// Addresses that went without a notice of it, or with their interface: what the kernel has is looked at,
// not only what it said. On a kernel and an executor in memory.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { address, type FakeKernel } from '../support/fake-kernel.js';
import { ACTIVE_DOWN, stateOf } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

/** For how long the agent waits for the kernel's word. */
const STANDS_WITHIN = 2_000_000;
/** So often the agent looks at the kernel, whatever it was told. */
const LOOK = 5_000_000;

interface Kind {
  readonly family: 'ipv4' | 'ipv6';
  readonly own: string;
  readonly virtual: string;
}

const KINDS: readonly Kind[] = [
  { family: 'ipv4', own: '10.99.0.1/24', virtual: '10.99.0.100/24' },
  { family: 'ipv6', own: 'fe80::1/64', virtual: 'fe80::51/64' },
];

/** The script of the takeover is started; whether it ends is the caller's. */
async function takingOver({ family, own, virtual }: Kind, held: boolean): Promise<Rig> {
  const [text = ''] = virtual.split('/');
  const addresses = [{ address: address(text), prefixLength: family === 'ipv4' ? 24 : 64 }];
  const made = rig({
    settings: settingsOf([routerSettings({ family, addresses })]),
    before: (kernel) => family === 'ipv4' || kernel.addAddress(INDEX, own),
  });
  made.driver.start();
  await settle();
  made.executor.held = held;
  made.kernel.advance(ACTIVE_DOWN);
  await settle();
  return made;
}

async function standing(kind: Kind): Promise<Rig> {
  const made = await takingOver(kind, false);
  assert.ok(made.kernel.has(INDEX, kind.virtual));
  return made;
}

function makeAgain(kernel: FakeKernel, { own }: Kind): void {
  kernel.removeLink(INDEX);
  kernel.setLink({ index: INDEX + 1, name: 'eth0' });
  kernel.addAddress(INDEX + 1, own);
}

const restored = ({ records }: Rig): number =>
  records.filter(({ event }) => event === 'address-restored').length;

for (const kind of KINDS) {
  describe(`a loss that is noticed late, ${kind.family}`, () => {
    it('the interface is made again with another index: they are put on the new one', async () => {
      const made = await standing(kind);
      made.kernel.stall(300_000);
      made.kernel.quietly(() => makeAgain(made.kernel, kind));
      await settle();
      assert.ok(made.kernel.has(INDEX + 1, kind.virtual));
      assert.deepEqual([stateOf(made), restored(made)], ['Active', 1]);
    });

    it('the same, and the notices of it were dropped', async () => {
      const made = await standing(kind);
      made.kernel.overrun(() => makeAgain(made.kernel, kind));
      await settle();
      assert.ok(made.kernel.has(INDEX + 1, kind.virtual));
      assert.deepEqual([stateOf(made), restored(made)], ['Active', 1]);
    });

    it('the notice that one was removed was dropped: it is put back', async () => {
      const made = await standing(kind);
      made.kernel.overrun(() => made.kernel.removeAddress(INDEX, kind.virtual));
      await settle();
      assert.ok(made.kernel.has(INDEX, kind.virtual));
      assert.equal(restored(made), 1);
    });

    it('one was removed, and the kernel never said so: it is put back at the next look', async () => {
      const made = await standing(kind);
      made.kernel.unnoticed(() => made.kernel.removeAddress(INDEX, kind.virtual));
      made.kernel.advance(LOOK);
      await settle();
      assert.ok(made.kernel.has(INDEX, kind.virtual));
      assert.equal(restored(made), 1);
    });

    it('a script that succeeded has put them on an interface that is gone by then', async () => {
      const made = await standing(kind);
      made.executor.held = true;
      made.kernel.removeAddress(INDEX, kind.virtual);
      await settle();
      made.kernel.overrun(() => makeAgain(made.kernel, kind));
      const done = { outcome: { kind: 'exited', code: 0 }, stdout: '', stderr: '' } as const;
      made.executor.answers.push(done);
      made.executor.proceed();
      await settle();
      made.kernel.advance(STANDS_WITHIN);
      await settle();
      assert.ok(made.kernel.has(INDEX + 1, kind.virtual));
      assert.equal(restored(made), 2);
    });

    it('one goes from the interface that was made again while the script ran: it is put back', async () => {
      const made = await takingOver(kind, true);
      made.kernel.quietly(() => makeAgain(made.kernel, kind));
      await settle();
      made.executor.held = false;
      made.executor.proceed();
      await settle();
      assert.deepEqual([made.kernel.has(INDEX + 1, kind.virtual), restored(made)], [true, 0]);
      made.kernel.removeAddress(INDEX + 1, kind.virtual);
      await settle();
      assert.deepEqual([made.kernel.has(INDEX + 1, kind.virtual), restored(made)], [true, 1]);
    });
  });
}

for (const kind of KINDS) {
  describe(`the interface gets another name, ${kind.family}`, () => {
    it('a farewell is said on it, and they go by its new name', async () => {
      const made = await standing(kind);
      const scripts = made.executor.requests.length;
      made.kernel.setLink({ index: INDEX, name: 'lan0' });
      await settle();
      assert.deepEqual(
        made.executor.requests.slice(scripts).flatMap(({ input }) => input.trim().split('\n')),
        [`address del ${kind.virtual} dev lan0`],
      );
      assert.ok(!made.kernel.has(INDEX, kind.virtual));
      assert.equal(made.kernel.sent.at(-1)?.message[2], 0);
      const [router] = made.driver.snapshot().virtualRouters;
      assert.deepEqual([router?.state, router?.reason], ['Initialize', 'interface-renamed']);
    });

    it('and another takes its own: they go there, and none is left', async () => {
      const made = await standing(kind);
      made.kernel.quietly(() => {
        made.kernel.setLink({ index: INDEX, name: 'lan0' });
        made.kernel.setLink({ index: INDEX + 1, name: 'eth0' });
        made.kernel.addAddress(INDEX + 1, kind.own);
      });
      await settle();
      assert.deepEqual(
        [INDEX, INDEX + 1].map((index) => made.kernel.has(index, kind.virtual)),
        [false, true],
      );
      assert.equal(stateOf(made), 'Active');
    });
  });
}
