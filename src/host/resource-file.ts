// vip-ocf's file as values, by the rules that scripts/vip-ocf reads it by. No host.

/** A section: a resource agent of a virtual address. */
export interface Resource {
  /** `file:line`, for complaints. */
  readonly row: string;
  readonly address: string;
  /** As it is named; empty when it is not. */
  readonly agent: string;
  /** Seconds. */
  readonly startTimeout: number;
  readonly stopTimeout: number;
  readonly monitorTimeout: number;
  readonly parameters: ReadonlyMap<string, string>;
}

interface Draft {
  row: string;
  address: string;
  agent: string;
  startTimeout: number;
  stopTimeout: number;
  monitorTimeout: number;
  parameters: Map<string, string>;
}

const USUAL_SECONDS = 20;
const TIMES = {
  'start-timeout': 'startTimeout',
  'stop-timeout': 'stopTimeout',
  'monitor-timeout': 'monitorTimeout',
} as const;

/** All sections, and what is wrong, each with its line. */
export function parseResources(
  text: string,
  file: string,
): { readonly resources: readonly Resource[]; readonly problems: readonly string[] } {
  const resources: Draft[] = [];
  const problems: string[] = [];
  for (const [at, whole] of text.split('\n').entries()) {
    const row = `${file}:${at + 1}`;
    const line = whole.replace(/^[ \t]+|[ \t]+$/g, '');
    if (line === '' || line.startsWith('#')) continue;
    const [, address] = /^\[(.+)\]$/.exec(line) ?? [];
    const section = resources.at(-1);
    if (address !== undefined) resources.push(draftOf(row, address.trim()));
    else if (!line.includes('='))
      problems.push(`${row}: expected NAME = VALUE or [ADDRESS], found: ${line}`);
    else if (section === undefined)
      problems.push(`${row}: expected [ADDRESS] first, found: ${line}`);
    else {
      const [name = '', ...rest] = line.split('=');
      const problem = keep(section, name.trim(), rest.join('=').trim());
      if (problem !== null) problems.push(`${row}: ${problem}`);
    }
  }
  return { resources, problems };
}

const draftOf = (row: string, address: string): Draft => ({
  row,
  address,
  agent: '',
  startTimeout: USUAL_SECONDS,
  stopTimeout: USUAL_SECONDS,
  monitorTimeout: USUAL_SECONDS,
  parameters: new Map(),
});

/** What is wrong with it, or null. */
function keep(section: Draft, name: string, value: string): string | null {
  switch (name) {
    case 'resource-agent':
      section.agent = value;
      return null;
    case 'on-interface':
      return value === 'understudy' || value === 'resource-agent'
        ? null
        : `expected on-interface = understudy or resource-agent, found: ${value}`;
    case 'start-timeout':
    case 'stop-timeout':
    case 'monitor-timeout':
      if (!/^[1-9][0-9]*$/.test(value)) return `expected whole seconds, found: ${value}`;
      section[TIMES[name]] = Number(value);
      return null;
    default:
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        return `expected the name of a parameter, found: ${name}`;
      }
      section.parameters.set(name, value);
      return null;
  }
}
