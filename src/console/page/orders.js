// Orders: each says what it is going to do, then what came of it, with the events that prove it.
import { ui, list, put, store } from './store.js';
import { Changes, Fault } from './fields.js';
import { Events } from './screen.js';

const here = ({ virtualRouters }) =>
  virtualRouters.filter(({ state }) => state === 'Active').map(({ name }) => name);

/** Segments that are not told are some that are there. */
export const hasBypass = ({ bypass: { segments, actual, desired } }) =>
  !(segments?.length === 0 && actual === 'unknown' && desired !== 'bypass');

const targetOf = ({ readiness }) => {
  const to = readiness?.find((one) => one.direction === 'away')?.to ?? [];
  return to.length ? to.join(' or ') : 'a peer: none is fit and sound now';
};

/** Name, what is sent, what it will do; whether it can be forced; when there is such an order at all. */
const ORDERS = [
  [
    'Failover',
    { command: 'failover' },
    (status) =>
      here(status).length
        ? `Hands over ${list(here(status))} to ${targetOf(status)}. It comes back only when it is asked or needed.`
        : 'Nothing is Active here, so there is nothing to hand over: the agent will say so.',
    true,
  ],
  [
    'Maintenance on',
    { command: 'maintenance', argument: 'on' },
    (status) =>
      `${here(status).length ? `Hands over ${list(here(status))}, then` : 'This appliance'} stays out of the election until maintenance is switched off, after a reboot too.`,
    true,
    ({ maintenance }) => !maintenance,
  ],
  [
    'Maintenance off',
    { command: 'maintenance', argument: 'off' },
    () => 'Takes part in the election again.',
    false,
    ({ maintenance }) => maintenance,
  ],
  [
    'Engage bypass',
    { command: 'bypass', argument: 'engage' },
    () =>
      'Moves the relay to bypass: traffic goes past this appliance, which stays out of the election until the bypass is released.',
    false,
    hasBypass,
  ],
  [
    'Release bypass',
    { command: 'bypass', argument: 'release' },
    () => 'Moves the relay back in line, clears the flaps, and takes part in the election again.',
    false,
    hasBypass,
  ],
  [
    'Clear flaps',
    { command: 'flaps', argument: 'clear' },
    (status) =>
      `Forgets ${status.flaps.count} ${status.flaps.count === 1 ? 'flap' : 'flaps'}, and takes part in the election again if they kept it out.`,
  ],
  [
    'Read the file again',
    null,
    () => 'Reads the settings file, and applies what differs (understudy reload).',
  ],
];

const key = (one) => `${one.time} ${one.event} ${one.detail}`;

/** One of the list: what is sent for it. */
const sent = (body) => (force) =>
  body ? store.fetch('order', { ...body, ...(force ? { force } : {}) }) : store.fetch('reload');

async function give(order) {
  const known = new Set(store.events.map(key));
  put({ order: { ...order, state: 'under way' } });
  const force = document.getElementById('force')?.checked ?? false;
  const answer = await order.run(force);
  put({ order: { ...order, state: 'done', answer, known } });
}

function Outcome({ answer, known }) {
  const { error, errors = [], detail, changes } = answer;
  const proof = store.events.filter((one) => !known.has(key(one)));
  return ui`<div role="status">
    ${
      error || errors.length
        ? ui`<p class="error">
            ${error ? `✕ Not done: ${error.message}; ${error.remedy}` : '✕ Not done.'}
          </p>`
        : ui`<p>
            ✓ Done: ${detail ?? (list(changes ?? []) === '-' ? 'nothing differs' : list(changes))}
          </p>`
    }
    ${errors.map((fault) => ui`<${Fault} fault=${fault} />`)}
    <h3>What happened since</h3>
    ${proof.length ? ui`<${Events} events=${proof} />` : ui`<p>No event yet.</p>`}
    <button type="button" onClick=${() => put({ order: null })}>Close</button>
  </div>`;
}

export const Orders = ({ status }) =>
  store.order
    ? ui`<${Order} status=${status} />`
    : ui`<div class="buttons">
      ${ORDERS.filter(([, , , , is]) => is?.(status) ?? true).map(
        ([name, body, what, forcible]) =>
          ui`<button
            type="button"
            onClick=${() => put({ order: { name, run: sent(body), what, forcible, state: 'asked' } })}
          >
            ${name}…
          </button>`,
      )}
    </div>`;

/** What an order is going to do, then what came of it. */
export function Order({ status }) {
  const { order } = store;
  const away = status.readiness?.find((one) => one.direction === 'away');
  return ui`<div>
    <h3
      tabindex="-1"
      ref=${(element) => order.state === 'asked' && !order.seen && element && ((order.seen = true), element.focus())}
    >
      ${order.name}
    </h3>
    <p>${order.what(status)}</p>
    ${order.changes?.length && order.state !== 'done' ? ui`<${Changes} changes=${order.changes} />` : null}
    ${
      order.state === 'done'
        ? ui`<${Outcome} ...${order} />`
        : ui`${
            order.forcible && away && !away.ready
              ? ui`<ul>
                      ${away.hindrances.map(({ reason, remedy }) => ui`<li>! ${reason}; ${remedy}</li>`)}
                    </ul>
                    <label><input type="checkbox" id="force" /> although no peer is fit and sound</label>`
              : null
          }
            <div class="buttons">
              <button
                type="button"
                class="act"
                disabled=${order.state !== 'asked'}
                onClick=${() => give(order)}
              >
                ${order.state === 'asked' ? order.name : 'Under way…'}
              </button>
              <button type="button" onClick=${() => put({ order: null })}>Cancel</button>
            </div>`
    }
  </div>`;
}
