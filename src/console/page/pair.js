// The picture of the pair: who holds the addresses, and which paths there are. Words and shapes say it, colour helps.
import { ui } from './store.js';
import { SHAPES } from './main.js';
import { FITNESS, roundTrip } from './screen.js';

const narrow = matchMedia('(max-width: 40rem)');

/** In units of the picture: its width, that of a box, what a path takes in height. The letters that a box has room for. */
const sizes = () =>
  narrow.matches
    ? { width: 400, box: 150, step: 44, letters: 14 }
    : { width: 640, box: 220, step: 34, letters: 24 };

/** The height of a box. */
const BOX = 110;
/** In which the paths to several peers part. */
const FORK = 24;

const short = (text, letters) => (text.length > letters ? `${text.slice(0, letters - 1)}…` : text);

/** One appliance as a box: full for the Active, hollow for the Backup, dashed for one that is not known to be fit. */
function Box({ x, y, name, role, holds, well, note }) {
  const { box, letters } = sizes();
  const shape = role.startsWith('Active') ? 'full' : well ? 'hollow' : 'broken';
  const sign = shape === 'broken' ? '✕' : (SHAPES[role] ?? '✕');
  const middle = box / 2;
  return ui`<g class=${`box ${shape}`} transform=${`translate(${x} ${y})`}>
    <title>${[name, role, ...holds].join('\n')}</title>
    <rect width=${box} height=${BOX} rx="8" />
    <text x=${middle} y="28" class="name">${short(name, letters - 2)}</text>
    <text x=${middle} y="52">${sign} ${role}</text>
    <text x=${middle} y="74" class="small">
      ${short(holds[0] ?? 'no address', letters)}
    </text>
    <text x=${middle} y="94" class="small">
      ${holds.length > 1 ? `and ${holds.length - 1} more` : short(note, letters + 2)}
    </text>
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
  const { width, box, step, letters } = sizes();
  const heights = peers.map(({ paths }) => Math.max(BOX, paths.length * step) + 30);
  const height = heights.reduce((sum, one) => sum + one, 0) || BOX + 30;
  const mine = (height - BOX) / 2;
  const tops = heights.map((_, row) => heights.slice(0, row).reduce((sum, one) => sum + one, 0));
  const far = width - box;
  return ui`<svg
    class="pair"
    viewBox=${`0 0 ${width} ${height}`}
    role="img"
    aria-label=${`${status.name} is ${role}. ${peers.map((peer) => `${peer.name} is ${stateOf(peer.virtualRouters ?? [], names)}, ${peer.state}`).join('. ')}`}
  >
    ${peers.map((peer, row) =>
      peer.paths.map(({ address, state, rttMs }, index) => {
        const off = step * (index - (peer.paths.length - 1) / 2);
        const [from, to] = [height / 2 + off, tops[row] + heights[row] / 2 + off];
        const good = state === 'healthy';
        const middle = (box + FORK + far) / 2;
        const name = `${good ? '' : '✕ '}${short(address, letters - 3)}`;
        const trip = rttMs === null ? '' : roundTrip(rttMs);
        return ui`<g class=${good ? 'path' : 'path lost'}>
          <title>${`${address} ${state}`}</title>
          <path d=${`M${box + 3} ${from}L${box + FORK} ${to}H${far - 3}`} />
          <text x=${middle} y=${to - 5} class="small">${narrow.matches ? name : `${name} ${trip}`}</text>
          ${narrow.matches && ui`<text x=${middle} y=${to + 14} class="small">${trip}</text>`}
        </g>`;
      }),
    )}
    <${Box}
      x="0"
      y=${mine}
      name=${status.name}
      role=${role}
      holds=${standing}
      well=${status.health.state !== 'fault' && role !== 'Initialize'}
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
        x=${far}
        y=${tops[row] + (heights[row] - BOX) / 2}
        name=${peer.name}
        role=${peer.state === 'healthy' ? state : 'not heard'}
        holds=${held.flatMap(({ addresses }) => addresses.map(({ address }) => address))}
        well=${peer.state === 'healthy' && peer.fitness !== 'unfit'}
        note=${peer.state === 'healthy' ? (FITNESS[peer.fitness] ?? peer.state) : peer.state}
      />`;
    })}
  </svg>`;
}
