// The settings that the group shares: how each peer stands, what differs, and the two orders that end a difference.
import { ui, list, put, store, time } from './store.js';
import { Card } from './screen.js';

const STATES = {
  'in-sync': 'in sync',
  differs: 'differs',
  conflict: 'in conflict',
  refused: 'refused here',
  unknown: 'not known',
};

/** One line a peer. */
export function SyncLines() {
  const { sync } = store.status;
  return sync
    ? ui`<ul class="plain">
        ${sync.peers.map(
          ({ name, state, since, differing = [], detail, problem }) =>
            ui`<li>
              ${`${state === 'in-sync' ? '✓' : '!'} ${name}: ${STATES[state] ?? state} since ${time(since)}${detail ? ` (${detail})` : ''}${differing.length ? `: ${list(differing)}` : ''}${problem ? `; ${problem}` : ''}`}
            </li>`,
        )}
      </ul>`
    : null;
}

/** An order, in the form that orders.js asks and carries out. */
const ask = (name, text, changes, go) =>
  put({
    order: {
      name,
      what: () => text,
      changes,
      run: async () => {
        const answer = await go();
        put({ compared: null });
        return answer;
      },
      state: 'asked',
    },
  });

const pull = (peer, changes) =>
  ask(
    `Pull from ${peer}`,
    `Changes ${store.status.name}: it takes what ${peer} has, whatever was edited here. It is checked first, and taken back if ${peer} is lost within ten seconds.`,
    changes,
    () => store.fetch('pull', { peer }),
  );

/** `names`: of what differs, where the values are not known here. */
const push = (peer, changes, names = []) =>
  ask(
    `Push to ${peer}`,
    `Changes ${peer}: it takes what ${store.status.name} has, whatever was edited there. It is checked there first, and taken back if the two lose each other within ten seconds.${names.length ? ` What differs: ${list(names)}.` : ''}`,
    changes,
    () => store.fetch('push', { peer }),
  );

/** A button for each peer that has not what is here. */
export function Pushes() {
  const { sync } = store.status;
  const behind = (sync?.peers ?? []).filter(
    ({ state }) => state === 'differs' || state === 'conflict',
  );
  return behind.length
    ? ui`<div class="buttons">
        ${behind.map(
          ({ name, differing = [] }) =>
            ui`<button type="button" onClick=${() => push(name, [], differing)}>
              Push to ${name}…
            </button>`,
        )}
      </div>`
    : null;
}

const value = (one) =>
  one === undefined
    ? '-'
    : Array.isArray(one)
      ? one.map((item) => (Array.isArray(item) ? item.join('+') : item)).join(' ')
      : typeof one === 'object'
        ? Object.keys(one).join(' ')
        : String(one);

function Differences({ peer, differences, name }) {
  if (!differences) return ui`<p>What ${peer} has is not known.</p>`;
  if (!differences.length) return ui`<p>✓ Nothing differs from ${peer}.</p>`;
  const by = { here: name, there: peer, both: 'both', unknown: 'not known' };
  const turned = (from, to) =>
    differences.map((one) => ({
      setting: one.setting,
      from: value(one[from]),
      to: value(one[to]),
    }));
  return ui`<div class="scroll" tabindex="0" role="region" aria-label=${`What differs from ${peer}`}>
      <table class="stack">
        <caption>
          What differs from ${peer}
        </caption>
        <thead>
          <tr>
            <th>Setting</th>
            <th>Both had</th>
            <th>${name}</th>
            <th>${peer}</th>
            <th>Changed on</th>
          </tr>
        </thead>
        <tbody>
          ${differences.map(
            (one) =>
              ui`<tr>
                <td><code>${one.setting}</code></td>
                <td data-head="Both had: ">${one.changed === 'unknown' ? '?' : value(one.base)}</td>
                <td data-head=${`${name}: `}>${value(one.mine)}</td>
                <td data-head=${`${peer}: `}>${value(one.theirs)}</td>
                <td data-head="Changed on: ">${by[one.changed] ?? one.changed}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <div class="buttons">
      <button type="button" onClick=${() => pull(peer, turned('mine', 'theirs'))}>
        Pull from ${peer}…
      </button>
      <button type="button" onClick=${() => push(peer, turned('theirs', 'mine'))}>
        Push to ${peer}…
      </button>
    </div>`;
}

function Compared({ compared: { error, peers = [], at }, name }) {
  if (error) return ui`<p class="error" role="alert">✕ ${error.message}; ${error.remedy}</p>`;
  return ui`<p class="small">As of ${time(at)}</p>
    ${peers.map((peer) => ui`<${Differences} peer=${peer.name} differences=${peer.differences} name=${name} />`)}`;
}

const compare = async () => {
  put({ compared: null });
  const answer = await store.fetch('sync');
  put({ compared: { ...answer, at: new Date().toISOString() } });
};

export function Sync({ status: { sync, name, peers } }) {
  const { compared } = store;
  if (!sync) {
    return ui`<${Card} title="Settings in sync" wide>
      <p>
        ${peers.length ? 'Not shared: ha.sync is off, or nothing is known yet.' : 'Not shared: there is no peer.'}
      </p>
    <//>`;
  }
  return ui`<${Card} title="Settings in sync" wide>
    <p>
      ${`Version ${sync.generation}, written on ${sync.author || '-'}; ha.sync is ${sync.mode}${sync.mode === 'follow' ? ': what is changed on one is on all that follow, or on none.' : ': nothing is taken by itself.'}`}
    </p>
    ${sync.unconfirmed && ui`<p>! Not confirmed yet: taken back if the peer is lost within ten seconds of the change.</p>`}
    ${sync.problem && ui`<p>! ${sync.problem}</p>`}
    <${SyncLines} />
    ${
      sync.peers.some(({ state }) => state === 'conflict') &&
      ui`<p>
        In conflict: both sides were edited since they last agreed. Nothing is taken until you decide. See what differs;
        then pull, to keep what the peer has, or push, to keep what is here.
      </p>`
    }
    <div class="buttons">
      <button type="button" onClick=${compare}>What differs…</button>
      ${compared && ui`<button type="button" onClick=${() => put({ compared: null })}>Close what differs</button>`}
    </div>
    ${compared && ui`<${Compared} compared=${compared} name=${name} />`}
  <//>`;
}
