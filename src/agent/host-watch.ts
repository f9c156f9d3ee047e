// What of this host does not fit the settings, looked at again and again, so that a reason stays in health as
// long as it holds and no longer. The list is that of `check` (host/findings.ts). Nothing is decided here.
import type { Settings } from '../config/settings.js';
import type { HostFacts } from '../host/facts.js';
import { hostFindings, type HostFinding } from '../host/findings.js';
import { linkKind, type NetworkFacts } from '../host/observe.js';
import type { Journal } from '../journal/journal.js';
import { later as realLater, type Later } from '../timers/later.js';
import type { Network } from './network.js';

/** Between two looks, in ms. */
const HOST_LOOK_MS = 30_000;

interface HostWatchOptions {
  readonly journal: Journal;
  /** The facts now; never rejects. */
  readonly observe: (settings: Settings) => Promise<HostFacts>;
  /** Warnings only: what they may come to has an event of its own. */
  readonly onAdvice: (text: string) => void;
  /** The reasons for health, by setting. */
  readonly onProblems: (problems: ReadonlyMap<string, string>) => void;
  readonly later?: Later;
}

export class HostWatch {
  readonly #options: HostWatchOptions;
  #settings: Settings | null = null;
  /** What has been told, by its text. */
  #told = new Map<string, HostFinding>();
  #cancel = (): void => undefined;
  #ended = false;

  constructor(options: HostWatchOptions) {
    this.#options = options;
  }

  /** Looks with these settings now, and from now on; answers all that does not fit. */
  async look(settings: Settings): Promise<readonly HostFinding[]> {
    this.#settings = settings;
    this.#cancel();
    const findings = hostFindings(settings, await this.#options.observe(settings));
    // Another look, with newer settings, is under way.
    if (this.#settings !== settings || this.#ended) return findings;
    this.#tell(findings);
    this.#cancel();
    this.#cancel = (this.#options.later ?? realLater)(HOST_LOOK_MS, () => {
      void this.look(settings);
    });
    return findings;
  }

  /** Nothing is told any more. */
  end(): void {
    this.#ended = true;
    this.#cancel();
  }

  #tell(findings: readonly HostFinding[]): void {
    const now = new Map(findings.map((finding) => [textOf(finding), finding]));
    for (const [text, { path, level }] of now) {
      if (this.#told.has(text)) continue;
      if (level === 'advice') this.#options.onAdvice(text);
      else this.#record(level === 'wrong' ? 'error' : 'warn', level, path, text);
    }
    const open = new Set([...now.values()].map(({ path }) => path));
    for (const { path, level } of this.#told.values()) {
      if (level === 'advice' || open.has(path)) continue;
      this.#record('info', 'mended', path, `${path}: what was wrong on this host no longer is`);
    }
    this.#told = now;
    this.#options.onProblems(
      new Map(
        findings.filter(({ level }) => level !== 'advice').map((one) => [one.path, textOf(one)]),
      ),
    );
  }

  #record(
    ...[severity, reason, setting, detail]: ['error' | 'warn' | 'info', string, string, string]
  ) {
    this.#options.journal.record(severity, { event: 'host', reason, setting, detail });
  }
}

export const textOf = ({ path, message }: HostFinding): string => `${path}: ${message}`;

/** Interfaces and addresses as the agent's kernel has told them. */
export function networkFacts(network: Pick<Network, 'links' | 'addresses'>): NetworkFacts {
  const links = [...network.links()];
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return {
    links: new Map(
      links.map(({ name, macAddress, noArp = false }) => [name, linkKind(name, macAddress, noArp)]),
    ),
    noMulticast: new Set(links.filter((link) => link.noMulticast === true).map(({ name }) => name)),
    addresses: [...network.addresses()].map(({ linkIndex, address, prefixLength }) => ({
      interface: names.get(linkIndex) ?? '',
      address,
      prefixLength,
    })),
  };
}
