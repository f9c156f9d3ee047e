// A witness on etcd 3.4 and later, by its JSON gateway: the lease of the group is one key that hangs on one lease of
// etcd. Not etcd's own lock service, whose lease and lock may part. No schedule: see keeper.ts.
import {
  fieldsOf,
  headerOf,
  keyValueOf,
  numberOf,
  rangeIn,
  refusalIn,
  type Header,
  type KeyValue,
} from './etcd-answers.js';
import { readPassword, type CredentialFiles } from './credentials.js';
import { directly, EtcdConnection, type Answer, type Reach } from './etcd-connection.js';
import { explain, remedied } from './etcd-remedies.js';
import { WitnessAway, type Reading, type Witness } from './witness.js';

interface EtcdOptions extends CredentialFiles {
  /** At least one, all of one cluster: `http://` or `https://`, host and port. */
  readonly endpoints: readonly string[];
  readonly key: string;
  readonly reach?: Reach;
  /** For tests: what answers instead of a connection to the endpoint. */
  readonly open?: (endpoint: string) => Questioned;
}

type Questioned = Pick<EtcdConnection, 'ask' | 'close'>;

/** A member that turns to a new leader again and again is no witness. */
const MOST_TERMS = 3;
const INQUIRY_MS = 500;
/** Of a token that has ended, or is of users that have changed since. */
const OUTDATED = /invalid auth token|revision of auth store is old/;
const LEADERLESS =
  'it answers, but has no leader, so that no majority stands behind it; look at the cluster: etcdctl endpoint status';

/** Uses one endpoint until it fails, then the next. */
export class Etcd implements Witness {
  readonly #options: EtcdOptions;
  readonly #key: string;
  #endpoint = 0;
  #connection: Questioned | null = null;
  /** Of the user, if one is set: etcd forgets it when it is started anew. */
  #token: string | null = null;
  /** The term of the last answer on this connection. */
  #term: bigint | null = null;
  /** The highest that was ever seen. */
  #seen: Header | null = null;
  #generation = 0;
  /** Why an endpoint did not answer, when that is known. */
  readonly #hints = new Map<string, string>();

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#key = base64(options.key);
  }

  /** The id of the cluster that answered last; null before the first answer. */
  get cluster(): string | null {
    return this.#seen?.clusterId ?? null;
  }

  read(signal: AbortSignal): Promise<Reading> {
    return this.#anywhere(signal, async () => this.#readingOf(await this.#range(signal), signal));
  }

  acquire(owner: string, ttlSeconds: number, signal: AbortSignal): Promise<Reading> {
    return this.#anywhere(signal, async () => {
      const generation = this.#generation;
      const before = await this.#range(signal);
      // Of one that has forgotten what it granted nothing is taken before the caller knows.
      const mayTake = before === null || before.value === owner;
      if (!mayTake || this.#generation !== generation) return this.#readingOf(before, signal);
      if (before !== null) {
        const found = await this.#readingOf(before, signal);
        if (found.kind === 'free' || found.ttlMs === ttlSeconds * 1_000) return found;
      }
      return this.#take(owner, ttlSeconds, before, signal);
    });
  }

  /**
   * With a new lease, if the key still is as it was found: not there, or on a lease of ours that was granted for another
   * time, by former settings. Such a key goes from one lease to the other: it is never without one.
   */
  async #take(
    owner: string,
    ttlSeconds: number,
    former: KeyValue | null,
    signal: AbortSignal,
  ): Promise<Reading> {
    const { id, ttl } = await this.#grant(ttlSeconds, signal);
    const inTheWay = await this.#putInPlaceOf(former, owner, id, signal);
    if (inTheWay === 'put') {
      if (former !== null) await this.#revoke(former.lease, signal);
      return held(this.#generation, owner, id, ttl, ttl);
    }
    await this.#revoke(id, signal);
    return this.#readingOf(inTheWay, signal);
  }

  /**
   * A keepalive is answered by the leader alone, and by one that has been cut off from its cluster and does not know,
   * too. What is read afterwards is confirmed by a majority. So when no leader was chosen from before the keepalive
   * until after the reading, the keepalive was that of the leader; else it is asked again.
   */
  renew(owner: string, token: string, signal: AbortSignal): Promise<Reading> {
    const id = BigInt(`0x${token}`);
    return this.#anywhere(signal, async () => {
      if (this.#term === null) await this.#range(signal);
      for (let terms = 0; terms < MOST_TERMS; terms += 1) {
        const before = this.#term;
        const ttl = await this.#keepAlive(id, signal);
        const now = await this.#range(signal);
        const ours = now !== null && now.lease === id && now.value === owner && ttl > 0n;
        if (!ours) return this.#readingOf(now, signal);
        if (this.#term === before) return held(this.#generation, owner, id, ttl, ttl);
      }
      throw new WitnessAway('its leader changes again and again');
    });
  }

  release(token: string, signal: AbortSignal): Promise<void> {
    return this.#anywhere(signal, () => this.#revoke(BigInt(`0x${token}`), signal));
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  /** Tries the endpoints one after the other, each with a new connection after a failure. */
  async #anywhere<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const failures: string[] = [];
    for (const _ of this.#options.endpoints) {
      try {
        return await work();
      } catch (error) {
        const endpoint = this.#endpointInUse();
        const hint = signal.aborted ? this.#hints.get(endpoint) : undefined;
        failures.push(`${new URL(endpoint).host}: ${hint ?? explain(error)}`);
        this.close();
        this.#token = null;
        this.#term = null;
        this.#endpoint = (this.#endpoint + 1) % this.#options.endpoints.length;
        if (!signal.aborted) continue;
        this.#inquire(endpoint);
        break;
      }
    }
    throw new WitnessAway(failures.join('; '));
  }

  /** With a read that a majority confirms, which is what etcd does unless asked otherwise. */
  async #range(signal: AbortSignal): Promise<KeyValue | null> {
    const answer = await this.#ask('/v3/kv/range', { key: this.#key }, signal);
    this.#compare(headerOf(answer));
    return keyValueOf(answer);
  }

  async #grant(ttlSeconds: number, signal: AbortSignal): Promise<{ id: bigint; ttl: bigint }> {
    const answer = await this.#ask('/v3/lease/grant', { TTL: String(ttlSeconds) }, signal);
    const [id, ttl] = [numberOf(answer, 'ID'), numberOf(answer, 'TTL')];
    if (id > 0n && ttl >= BigInt(ttlSeconds)) return { id, ttl };
    if (id > 0n) await this.#revoke(id, signal);
    throw new WitnessAway(`expected a lease of ${ttlSeconds} s, found one of ${ttl} s`);
  }

  /** @returns what stands there already, which may be nothing again; or that our key does. */
  async #putInPlaceOf(
    former: KeyValue | null,
    owner: string,
    id: bigint,
    signal: AbortSignal,
  ): Promise<KeyValue | null | 'put'> {
    const key = this.#key;
    const put = { key, value: base64(owner), lease: String(id) };
    const transaction = {
      compare: [
        former === null
          ? { key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }
          : { key, target: 'LEASE', result: 'EQUAL', lease: String(former.lease) },
      ],
      success: [{ request_put: put }],
      failure: [{ request_range: { key } }],
    };
    const answer = await this.#ask('/v3/kv/txn', transaction, signal);
    return answer['succeeded'] === true ? 'put' : keyValueOf(rangeIn(answer));
  }

  /** @returns the seconds that it lasts from now on; 0 when there is no such lease. */
  async #keepAlive(id: bigint, signal: AbortSignal): Promise<bigint> {
    const answer = await this.#ask('/v3/lease/keepalive', { ID: String(id) }, signal);
    return numberOf(answer, 'TTL');
  }

  /** One that has ended already is none that has to be ended. */
  async #revoke(id: bigint, signal: AbortSignal): Promise<void> {
    await this.#ask('/v3/lease/revoke', { ID: String(id) }, signal, /lease not found/);
  }

  async #readingOf(found: KeyValue | null, signal: AbortSignal): Promise<Reading> {
    if (found === null) return { kind: 'free', generation: this.#generation };
    const { key } = this.#options;
    if (found.lease === 0n) {
      throw new WitnessAway(
        `the key ${key} has no lease, so that it never ends: somebody wrote it by hand; remove it with: etcdctl del ${key}`,
      );
    }
    const asked = { ID: String(found.lease) };
    const answer = await this.#ask('/v3/lease/timetolive', asked, signal, /lease not found/);
    // Whole seconds, rounded down; -1 when it has ended meanwhile.
    const left = numberOf(answer, 'TTL');
    const granted = numberOf(answer, 'grantedTTL');
    return held(this.#generation, found.value, found.lease, granted, left);
  }

  /** @param expected an error that is an answer, too: then the answer has no fields. */
  async #ask(
    path: string,
    body: object,
    signal: AbortSignal,
    expected?: RegExp,
  ): Promise<Readonly<Record<string, unknown>>> {
    const hadToken = this.#token !== null;
    let answer = await this.#askOnce(path, body, signal);
    // It has forgotten who we are, or its users have changed: what was asked has not been done.
    if (hadToken && OUTDATED.test(refusalIn(answer.body) ?? '')) {
      this.#token = null;
      answer = await this.#askOnce(path, body, signal);
    }
    const refusal = refusalIn(answer.body);
    if (refusal !== null && expected?.test(refusal) === true) return {};
    if (refusal !== null) throw new WitnessAway(remedied(refusal));
    if (answer.status !== 200 || answer.body === undefined) {
      throw new WitnessAway(
        `expected an etcd of 3.4 or later, found a server that answers ${path} with status ${answer.status}`,
      );
    }
    const whole = fieldsOf(answer.body, 'an answer of etcd');
    // A stream has its messages wrapped.
    const fields =
      whole['result'] === undefined ? whole : fieldsOf(whole['result'], 'an answer of etcd');
    this.#term = headerOf(fields).raftTerm;
    return fields;
  }

  async #askOnce(path: string, body: object, signal: AbortSignal): Promise<Answer> {
    return this.#connected().ask(path, body, await this.#signedIn(signal), signal);
  }

  /**
   * What never goes back in a cluster that lives tells one that was emptied or restored. Only of answers that a
   * majority confirms: any other may come from a member that lags behind.
   */
  #compare(header: Header): void {
    const seen = this.#seen;
    this.#seen = header;
    if (seen === null) return;
    const other = header.clusterId !== seen.clusterId;
    const back = header.raftTerm < seen.raftTerm || header.revision < seen.revision;
    if (other || back) this.#generation += 1;
  }

  async #signedIn(signal: AbortSignal): Promise<string | null> {
    const { user, passwordFile } = this.#options;
    if (user === null || passwordFile === null) return null;
    if (this.#token !== null) return this.#token;
    const named = { name: user, password: readPassword(passwordFile) };
    const { body } = await this.#connected().ask('/v3/auth/authenticate', named, null, signal);
    const refusal = refusalIn(body);
    if (refusal !== null) throw new WitnessAway(remedied(refusal));
    const { token } = fieldsOf(body, 'a token for the user');
    if (typeof token !== 'string') throw new WitnessAway('expected a token, found none');
    this.#token = token;
    return token;
  }

  #connected(): Questioned {
    this.#connection ??= this.#open(this.#endpointInUse());
    return this.#connection;
  }

  #open(endpoint: string): Questioned {
    const { open, reach } = this.#options;
    return open?.(endpoint) ?? new EtcdConnection(endpoint, this.#options, reach ?? directly);
  }

  #endpointInUse(): string {
    return this.#options.endpoints[this.#endpoint] ?? '';
  }

  /**
   * Why one does not answer: a member without a leader says so when it is asked for its own state, and leaves every
   * other question without an answer. Nobody waits for it: the next failure tells it.
   */
  #inquire(endpoint: string): void {
    const connection = this.#open(endpoint);
    const limit = AbortSignal.timeout(INQUIRY_MS);
    connection
      .ask('/v3/maintenance/status', {}, null, limit)
      .then(({ body }) => {
        const leader = numberOf(fieldsOf(body, 'the status of an etcd'), 'leader');
        if (leader === 0n) this.#hints.set(endpoint, LEADERLESS);
        else this.#hints.delete(endpoint);
      })
      .catch(() => this.#hints.delete(endpoint))
      .finally(() => connection.close());
  }
}

/** No engine grants more: etcd refuses it (MaxLeaseTTL, in seconds). */
const LONGEST_TTL = 9_000_000_000n;

/** `left`: seconds, rounded down; less than 0 when it has ended. @throws WitnessAway where no lease has such times */
function held(generation: number, owner: string, id: bigint, ttl: bigint, left: bigint): Reading {
  if (ttl < 0n || ttl > LONGEST_TTL || left > ttl) {
    throw new WitnessAway(`expected what is left of a lease, found ${left} s of ${ttl} s`);
  }
  return {
    kind: 'held',
    generation,
    owner,
    // As etcdctl prints it.
    token: BigInt.asUintN(64, id).toString(16).padStart(16, '0'),
    ttlMs: Number(ttl) * 1_000,
    atLeastMs: Math.max(0, Number(left)) * 1_000,
  };
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
