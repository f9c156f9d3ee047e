// Asks each endpoint of the witness who has the lease, as the agent would. It takes nothing, and judges nothing.
import type { Settings, WitnessSettings } from '../config/settings.js';
import { Etcd } from '../witness/etcd.js';
import type { WitnessSight } from './facts.js';

export async function askWitness({ witness }: Settings): Promise<readonly WitnessSight[]> {
  if (witness === null) return [];
  return Promise.all(witness.endpoints.map((endpoint) => ask(witness, endpoint)));
}

/** The second question is told why there was no answer to the first. */
const QUESTIONS = 2;

async function ask(settings: WitnessSettings, endpoint: string): Promise<WitnessSight> {
  const etcd = new Etcd({ ...settings, endpoints: [endpoint] });
  let why = '';
  try {
    for (let question = 0; question < QUESTIONS; question += 1) {
      const from = performance.now();
      try {
        const reading = await etcd.read(AbortSignal.timeout((settings.ttlSeconds * 1_000) / 6));
        const holder = reading.kind === 'held' ? (reading.owner.split(' ')[0] ?? '') : null;
        const tookMs = performance.now() - from;
        return { endpoint, why: null, cluster: etcd.cluster, holder: shown(holder), tookMs };
      } catch (error) {
        // It names the endpoint, which the finding does too.
        why = (error instanceof Error ? error.message : String(error)).replace(/^\S+: /, '');
      }
    }
  } finally {
    etcd.close();
  }
  return { endpoint, why, cluster: null, holder: null, tookMs: 0 };
}

/** A name that may stand on a terminal. */
const shown = (holder: string | null): string | null =>
  holder === null || /^[A-Za-z0-9._-]{1,64}$/.test(holder) ? holder : 'somebody';
