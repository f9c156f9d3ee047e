// Three appliances on one LAN, alone and beside keepalived that ranks between them: where the role goes at
// each order, and that it stays there until it is asked back or needed. Each rule is in test/core/orders-*.test.ts.
import process from 'node:process';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { describe, it } from '../support/test.js';
import { FOREIGN, OURS, Trio } from './trio.js';

const skip = (await enterSandbox()) ?? false;

/** In CI every order at each of them; elsewhere the orders that have gone wrong before. */
const EVERY_ORDER = process.env['CI'] === 'true';

describe('three appliances', { skip, concurrency: 2 }, () => {
  it('alone: each order moves the role to the best one, and it stays', (t) =>
    Trio.run(t, 'alone', async (trio) => {
      await trio.moves('failover at a', 'b', () => trio.order('a', 'failover'));
      await trio.moves('failover at b', 'a', () => trio.order('b', 'failover'));
      await trio.moves('maintenance on at a', 'b', () => trio.order('a', 'maintenance', 'on'));
      if (!EVERY_ORDER) return;
      await trio.moves('maintenance on at b too', 'host-d', () =>
        trio.order('b', 'maintenance', 'on'),
      );
      await trio.moves('maintenance off at b', 'b', () => trio.order('b', 'maintenance', 'off'));
      await trio.moves('maintenance off at a', 'a', () => trio.order('a', 'maintenance', 'off'));
      await trio.moves('a stopped', 'b', () => trio.stop('a'));
      await trio.moves('b stopped', 'host-d', () => trio.stop('b'));
      await trio.moves('b started', 'b', () => trio.start('b'));
      await trio.moves('a started', 'a', () => trio.start('a'));
      await trio.know(OURS);
      await trio.stays('host-d stopped', 'a', () => trio.stop('host-d'));
      await trio.stays('host-d started', 'a', () => trio.start('host-d'));
      await trio.know(OURS);
      await trio.moves('failover at a again', 'b', () => trio.order('a', 'failover'));
      await trio.stays('a stopped, which stands back', 'b', () => trio.stop('a'));
      await trio.stays('a started, which stands back', 'b', () => trio.start('a'));
      await trio.know(OURS);
      await trio.moves('b stopped, a not needed', 'host-d', () => trio.stop('b'));
      await trio.moves('host-d stopped, so a is needed', 'a', () => trio.stop('host-d'));
    }));

  it('beside a router of another make that ranks between: it has what a gives up, and keeps it', (t) =>
    Trio.run(t, 'with keepalived', async (trio) => {
      await trio.moves('failover at a', FOREIGN, () => trio.order('a', 'failover'));
      await trio.stays('b stopped', FOREIGN, () => trio.stop('b'));
      await trio.stays('a stopped, which stands back', FOREIGN, () => trio.stop('a'));
      await trio.stays('a started, which stands back', FOREIGN, () => trio.start('a'));
      await trio.moves('keepalived stopped, a not needed', 'host-d', () => trio.stop(FOREIGN));
      await trio.moves('failover at host-d', 'a', () => trio.order('host-d', 'failover'));
      if (!EVERY_ORDER) return;
      await trio.stays('keepalived started', 'a', () => trio.start(FOREIGN));
      await trio.stays('b started', 'a', () => trio.start('b'));
      await trio.know(OURS);
      await trio.moves('maintenance on at a', FOREIGN, () => trio.order('a', 'maintenance', 'on'));
      await trio.stays('maintenance on at b', FOREIGN, () => trio.order('b', 'maintenance', 'on'));
      await trio.stays('maintenance off at b', FOREIGN, () =>
        trio.order('b', 'maintenance', 'off'),
      );
      await trio.moves('maintenance off at a', 'a', () => trio.order('a', 'maintenance', 'off'));
      await trio.moves('a stopped', FOREIGN, () => trio.stop('a'));
      await trio.moves('a started', 'a', () => trio.start('a'));
      await trio.know(OURS);
      await trio.stays('keepalived stopped, a Backup', 'a', () => trio.stop(FOREIGN));
    }));
});
