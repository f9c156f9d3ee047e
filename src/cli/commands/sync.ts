// `understudy sync`: how the settings that the group shares stand here and at each peer, what differs, and an
// operator's decision: take what a peer has, or have peers take what is here.
import { createControlClient, type ControlClient } from '../../control/client.js';
import type { SyncOutcome } from '../../control/protocol.js';
import { answer, fail, failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { differenceText, peerText } from '../render/sync.js';
import { harmless, painter } from '../render/text.js';
import { EXIT, usesColour, type ConfigChoice, type Surroundings } from '../surroundings.js';

const SYNC_WORDS = ['status', 'diff', 'pull', 'push'] as const;
export type SyncWord = (typeof SYNC_WORDS)[number];

/** @param peer whom it is about; without one all, or the only one. @returns the exit code. */
export async function syncSettings(
  surroundings: Surroundings,
  config: ConfigChoice,
  word: SyncWord,
  peer?: string,
): Promise<number> {
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  const agent = createControlClient(located.socketPath);
  try {
    switch (word) {
      case 'status':
        return await showStatus(surroundings, agent);
      case 'diff':
        return await showDifferences(surroundings, agent, peer);
      case 'pull':
        return await pull(surroundings, agent, peer);
      case 'push':
        return report(surroundings, await agent.push(peer), config.path);
    }
  } catch (error) {
    return failCall(surroundings, config, error);
  }
}

async function showStatus(surroundings: Surroundings, agent: ControlClient): Promise<number> {
  const status = await agent.status();
  const { sync } = status;
  if (sync === undefined) {
    return fail(
      surroundings,
      EXIT.failed,
      'no settings are shared here: ha.sync is off, there are no peers, or the agent has just started',
      'understudy set sync offer, with ha.peers in the settings file',
      'sync-off',
    );
  }
  if (surroundings.json === true) return answer(surroundings, sync, EXIT.done);
  const paint = painter(usesColour(surroundings));
  const clock = { now: surroundings.now?.() ?? Date.now(), local: surroundings.isTerminal };
  const lines = [
    `version ${sync.generation}, written on ${harmless(sync.author)}, digest ${harmless(sync.digest)}; ha.sync is ${harmless(sync.mode)}`,
    ...sync.peers.map((one) => peerText(one, paint, clock)),
    ...(sync.unconfirmed === true
      ? ['not confirmed yet: taken back if the peer is lost within 10 s of the change']
      : []),
  ];
  surroundings.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.done;
}

/** Exits with 1 where something differs, as diff(1) does. */
async function showDifferences(
  surroundings: Surroundings,
  agent: ControlClient,
  peer?: string,
): Promise<number> {
  const view = await agent.sync();
  const peers = view.peers.filter(({ name }) => peer === undefined || name === peer);
  if (peers.length === 0) return unknownPeer(surroundings, peer ?? '', view.peers);
  const differs = peers.some(({ differences }) => differences?.length !== 0);
  const code = differs ? EXIT.failed : EXIT.done;
  if (surroundings.json === true) return answer(surroundings, { ...view, peers }, code);
  const { name } = await agent.status();
  surroundings.stdout.write(differenceText(name, peers));
  return code;
}

async function pull(
  surroundings: Surroundings,
  agent: ControlClient,
  peer?: string,
): Promise<number> {
  if (peer !== undefined) return report(surroundings, await agent.pull(peer), '');
  const { peers } = await agent.status();
  const [only, ...others] = peers;
  if (only === undefined || others.length > 0) return unknownPeer(surroundings, '', peers);
  return report(surroundings, await agent.pull(only.name), '');
}

function unknownPeer(
  surroundings: Surroundings,
  peer: string,
  peers: readonly { readonly name: string }[],
): number {
  const names = peers.map(({ name }) => harmless(name)).join(', ') || 'none';
  const found = peer === '' ? 'none' : harmless(peer);
  const message = `expected the name of a peer (${names}), found ${found}`;
  return fail(surroundings, EXIT.usage, message, 'name one of them', 'unknown-peer');
}

function report(surroundings: Surroundings, outcome: SyncOutcome, file: string): number {
  if (outcome.ok) {
    if (surroundings.json === true) return answer(surroundings, outcome, EXIT.done);
    surroundings.stdout.write(`${harmless(outcome.detail)}\n`);
    return EXIT.done;
  }
  const { code, message, remedy, errors = [] } = outcome;
  if (surroundings.json === true) return answer(surroundings, outcome, EXIT.failed);
  fail(surroundings, EXIT.failed, harmless(message), harmless(remedy), code);
  if (errors.length > 0) failSettings(surroundings, errors, file);
  return EXIT.failed;
}
