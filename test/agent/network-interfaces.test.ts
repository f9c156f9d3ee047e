// A socket belongs to an interface, not to its name or its number: what becomes of it when these change
// hands. Everything else about sockets: network.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Network } from '../../src/agent/network.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import { FakeKernel } from '../support/fake-kernel.js';
import { INDEX, routerSettings, settingsOf } from './rig.js';

function opened() {
  const kernel = new FakeKernel();
  kernel.setLink({ index: INDEX, name: 'eth0' });
  kernel.addAddress(INDEX, '10.99.0.1/24');
  const events: InstanceEvent[] = [];
  const network = new Network(kernel, () => undefined, {
    emit: (event) => void events.push(event),
    addressRemoved: () => undefined,
    addressAdded: () => undefined,
    resynchronized: () => undefined,
    socketFailed: () => undefined,
    networkReadable: () => undefined,
  });
  network.configure(settingsOf([routerSettings({})]));
  return { kernel, network, events };
}

const sockets = ({ sockets: all }: FakeKernel): string[] =>
  all.map(({ linkIndex, open }) => `${linkIndex} ${open ? 'open' : 'closed'}`);

/** So often the kernel is looked at, whatever it has told. */
const LOOK = 5_000_000;

describe('the socket of an interface', () => {
  it('that is renamed, while another takes its name: closed, and another one on the other', () => {
    const { kernel, network } = opened();
    kernel.setLink({ index: INDEX, name: 'lan0' });
    kernel.setLink({ index: 9, name: 'eth0' });
    network.drain(kernel.now());
    assert.deepEqual(sockets(kernel), [`${INDEX} closed`, '9 open']);
  });

  it('that is made anew with the same number, unnoticed in between: another one at once', () => {
    const { kernel, network, events } = opened();
    kernel.removeLink(INDEX);
    kernel.setLink({ index: INDEX, name: 'eth0' });
    const before = events.length;
    network.drain(kernel.now());
    assert.deepEqual(sockets(kernel), [`${INDEX} closed`, `${INDEX} open`]);
    assert.equal(network.dueAt, kernel.clock + LOOK, 'nothing is to be tried again');
    const told = events.slice(before).filter(({ kind }) => kind === 'socket');
    assert.deepEqual(told, [], 'nobody loses a role by it');
  });
});
