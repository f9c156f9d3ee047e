// The picture of the pair: who holds the addresses, and which paths there are. Words and shapes say it, colour helps.
import { ui } from './store.js';

const WIDTH = 640;

/** One appliance as a box: full for the Active, hollow for the Backup, dashed for one that is not known to be fit. */
function Box({ x, y, name, role, holds, well, note }) {
  const shape = role === 'Active' ? 'full' : well ? 'hollow' : 'broken';
  const sign = { full: '◆', hollow: '◇', broken: '✕' }[shape];
  return ui`<g class=${`box ${shape}`} transform=${`translate(${x} ${y})`}>
    <rect width="220" height="110" rx="8" />
    <text x="110" y="28" class="name">${name}</text>
    <text x="110" y="52">${sign} ${role}</text>
    <text x="110" y="74" class="small">${holds.slice(0, 2).join('  ') || 'no address'}</text>
    <text x="110" y="94" class="small"
      >${holds.length > 2 ? `and ${holds.length - 2} more` : note}</text
    >
  </g>`;
}

const stateOf = (routers, names) => {
  const states = names
    .map((name) => routers.find((one) => one.name === name)?.state)
    .filter(Boolean);
  if (states.includes('Active')) return 'Active';
  return states.includes('Backup') ? 'Backup' : states.length ? 'Initialize' : 'not known';
};

export function Pair({ status, role }) {
  const { peers, virtualRouters } = status;
  const names = virtualRouters.map(({ name }) => name);
  const standing = virtualRouters.flatMap(({ addresses }) =>
    addresses.filter(({ present }) => present).map(({ address }) => address),
  );
  const height = Math.max(1, peers.length) * 140;
  const mine = (height - 110) / 2;
  return ui`<svg
    class="pair"
    viewBox=${`0 0 ${WIDTH} ${height}`}
    role="img"
    aria-label=${`${status.name} is ${role}. ${peers.map((peer) => `${peer.name} is ${stateOf(peer.virtualRouters ?? [], names)}, ${peer.state}`).join('. ')}`}
  >
    ${peers.map((peer, row) => {
      const y = row * 140 + 15;
      return peer.paths.map((path, index) => {
        const at = y + 20 + (70 * (index + 1)) / (peer.paths.length + 1);
        const good = path.state === 'healthy';
        return ui`<g class=${good ? 'path' : 'path lost'}>
          <line x1="222" y1=${mine + at - y} x2="418" y2=${at} />
          <text x="320" y=${(mine + at - y + at) / 2 - 4} class="small"
            >${good ? '' : '✕ '}${path.address}${path.rttMs === null ? '' : ` ${path.rttMs} ms`}</text
          >
        </g>`;
      });
    })}
    <${Box}
      x="1"
      y=${mine}
      name=${status.name}
      role=${role}
      holds=${standing}
      well=${status.health.state !== 'fault'}
      note="this appliance"
    />
    ${peers.map((peer, row) => {
      const theirs = peer.virtualRouters ?? [];
      const state = stateOf(theirs, names);
      const held =
        peer.state === 'healthy'
          ? virtualRouters.filter(({ name }) =>
              theirs.some((one) => one.name === name && one.state === 'Active'),
            )
          : [];
      return ui`<${Box}
        x="419"
        y=${row * 140 + 15}
        name=${peer.name}
        role=${peer.state === 'healthy' ? state : 'not heard'}
        holds=${held.flatMap(({ addresses }) => addresses.map(({ address }) => address))}
        well=${peer.state === 'healthy' && peer.fitness !== 'unfit'}
        note=${peer.fitness ?? peer.state}
      />`;
    })}
  </svg>`;
}
