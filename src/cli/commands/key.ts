// `understudy key`: the shared secret of the HA port in use: which appliance has which, a new one beside the
// former one, and the end of that. The secret itself is never seen here.
import { credentialRefusal } from '../../config/credential.js';
import { loadSettings } from '../../config/load.js';
import {
  AgentNotReachable,
  createControlClient,
  type ControlClient,
} from '../../control/client.js';
import { controlSocketPath } from '../../control/protocol.js';
import type { KeyStatus, PeerStatus, Status } from '../../model/status.js';
import { answer, fail, failCall, failSettings, refusalToAct } from '../failures.js';
import { harmless } from '../render/text.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

export type KeyOrder = 'status' | 'rotate' | 'retire';

/** @returns the exit code. */
export async function orderKey(
  surroundings: Surroundings,
  config: ConfigChoice,
  order: KeyOrder,
  force: boolean,
): Promise<number> {
  const refusal = order === 'status' ? null : await refusalToAct(surroundings, config.path);
  if (refusal !== null) return refusal;
  const result = loadSettings(config.path);
  if (!result.ok) return failSettings(surroundings, result.errors, config.path);
  const { runtimeDirectory, ha } = result.settings;
  const call: Call = {
    surroundings,
    config,
    agent: createControlClient(controlSocketPath(runtimeDirectory)),
    keyFile: ha.keyFile,
  };
  try {
    if (order === 'status') return await show(call);
    return order === 'rotate' ? await rotate(call) : await retire(call, force);
  } catch (error) {
    return failCall(surroundings, config, error);
  }
}

interface Call {
  readonly surroundings: Surroundings;
  readonly config: ConfigChoice;
  readonly agent: ControlClient;
  readonly keyFile: string | null;
}

async function show({ surroundings, agent }: Call): Promise<number> {
  const status = await agent.status();
  const keys = status.haPort?.keys ?? [];
  if (surroundings.json === true) {
    const peers = (status.peers ?? []).map((peer) => ({
      name: peer.name,
      keys: peer.keys ?? null,
    }));
    return answer(surroundings, { ok: true, keys, peers }, EXIT.done);
  }
  const lines = [
    `here  ${keys.length === 0 ? 'none: the HA port is closed' : keys.map(placed).join(', ')}`,
    ...(status.peers ?? []).map((peer) => `${peer.name}  ${theirs(peer)}`),
  ];
  surroundings.stdout.write(`${lines.map(harmless).join('\n')}\n`);
  return EXIT.done;
}

const PLACES: Readonly<Record<KeyStatus['place'], string>> = {
  key: '',
  former: ' (former)',
  memory: ' (no longer in the file)',
};

const placed = ({ digest, place }: KeyStatus): string => `${digest}${PLACES[place] ?? ''}`;

function theirs({ keys }: PeerStatus): string {
  if (keys === undefined || keys.speaksUnder === null) return 'not heard yet';
  const accepts = keys.accepts === undefined ? '' : `${keys.accepts.join(', ')}; `;
  return `${accepts}speaks under ${keys.speaksUnder}`;
}

async function rotate(call: Call): Promise<number> {
  const { surroundings, config, keyFile } = call;
  if (keyFile === null) return noKeyFile(surroundings, config);
  const refusal = credentialRefusal(keyFile);
  if (refusal !== null) return fail(surroundings, EXIT.usage, refusal);
  const digest = await written(surroundings, keyFile, () => surroundings.rotateKey(keyFile));
  if (digest === null) return EXIT.failed;
  return takenOver(call, digest, [
    `${keyFile} has the new key ${digest}, and the former one beside it`,
    `next: copy ${keyFile} to every peer (mode 0600, of the same owner) and reload the agent there`,
    'then: understudy key status; when all speak under the new key, understudy key retire on each',
  ]);
}

async function retire(call: Call, force: boolean): Promise<number> {
  const { surroundings, config, keyFile } = call;
  if (keyFile === null) return noKeyFile(surroundings, config);
  const refusal = credentialRefusal(keyFile);
  if (refusal !== null) return fail(surroundings, EXIT.usage, refusal);
  const obstacle = force ? null : await obstacleOf(call);
  if (obstacle !== null) {
    const remedy = 'see understudy key status; --force takes the former key away all the same';
    return fail(surroundings, EXIT.failed, obstacle, remedy);
  }
  const digest = await written(surroundings, keyFile, () => surroundings.retireKey(keyFile));
  if (digest === null) return EXIT.failed;
  return takenOver(call, digest, [`${keyFile} has key ${digest} and no former one`]);
}

/** Who would not be heard without the former key; null when nobody. */
async function obstacleOf({ agent }: Call): Promise<string | null> {
  let status: Status;
  try {
    status = await agent.status();
  } catch (error) {
    if (!(error instanceof AgentNotReachable) || !error.noneRuns) throw error;
    return 'no agent runs here that could tell which peer has the new key';
  }
  const behind = status.peers.filter(({ keys }) => keys?.settled !== true);
  if (behind.length === 0) return null;
  const names = behind.map(({ name }) => harmless(name)).join(', ');
  return `${names}: not known to speak under the new key yet`;
}

/** @returns null when it was refused, which has been said. */
async function written(
  surroundings: Surroundings,
  keyFile: string,
  write: () => Promise<string>,
): Promise<string | null> {
  try {
    await surroundings.actAsOwner(keyFile);
    return await write();
  } catch (error) {
    // The message holds the remedy: it knows what stands in the way.
    fail(surroundings, EXIT.failed, error instanceof Error ? error.message : String(error));
    return null;
  }
}

const noKeyFile = (surroundings: Surroundings, config: ConfigChoice): number =>
  fail(
    surroundings,
    EXIT.usage,
    `expected ha.keyFile in ${config.path}, found none: there is no key`,
    'add keyFile: /etc/understudy/ha.key below ha:, then understudy keygen',
  );

/** Has the running agent read the file, and looks whether it has. Without one there is nobody to be told. */
async function takenOver(
  { surroundings, agent, keyFile }: Call,
  digest: string,
  [done = '', ...next]: readonly string[],
): Promise<number> {
  const say = (how: string, outcome: string): number => {
    if (surroundings.json === true) {
      return answer(surroundings, { ok: true, file: keyFile, digest, agent: outcome }, EXIT.done);
    }
    surroundings.stdout.write(`${[`${done}${how}`, ...next].join('\n')}\n`);
    return EXIT.done;
  };
  try {
    const outcome = await agent.reload();
    if (!outcome.ok) return failSettings(surroundings, outcome.errors, outcome.file);
    const { haPort } = await agent.status();
    if (haPort === undefined) return say('; the agent has no HA port open', 'ha-port-closed');
    if (haPort.keys?.[0]?.digest === digest) return say('; the agent uses it', 'uses-it');
  } catch (error) {
    if (!(error instanceof AgentNotReachable) || !error.noneRuns) throw error;
    return say('; no agent is running', 'not-running');
  }
  const message = `${done}, but the agent goes on with the key that it had`;
  return fail(surroundings, EXIT.failed, message, 'see understudy status for the reason');
}
