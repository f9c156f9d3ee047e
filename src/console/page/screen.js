// The first screen: health, both appliances, each virtual router, monitors, events. Orders: orders.js.
import { ui, lasting, list, since, store, time } from './store.js';
import { roleOf, SHAPES } from './main.js';
import { hasBypass, Orders } from './orders.js';
import { Pair } from './pair.js';
import { Sync } from './sync.js';

export const HEALTH = { healthy: '✓', degraded: '!', fault: '✕' };
const why = (code) => store.about.reasons[code] ?? code;

export const Card = ({ title, children, wide }) =>
  ui`<section class=${wide ? 'card wide' : 'card'}>
    <h2>${title}</h2>
    ${children}
  </section>`;

const Rows = ({ rows }) =>
  ui`<dl>
    ${rows.filter(Boolean).map(
      ([name, value]) =>
        ui`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

const Health = ({ health: { state, reasons } }) =>
  ui`<${Card} title="Health">
    <p class=${`health ${state}`}><strong>${HEALTH[state] ?? '?'} ${state}</strong></p>
    ${
      reasons.length
        ? ui`<ul>
            ${reasons.map((reason) => ui`<li>${reason}</li>`)}
          </ul>`
        : ui`<p>Nothing is wrong.</p>`
    }
  <//>`;

function Ready({ readiness = [] }) {
  return ui`<${Card} title="Would a failover succeed now?">
    ${readiness.length === 0 && ui`<p>There is no peer to ask.</p>`}
    ${readiness.map(
      ({ direction, ready, to, hindrances }) =>
        ui`<p><strong>${ready ? '✓ yes' : '✕ no'}</strong>${direction === 'away' ? `, from here to ${to.length ? list(to) : 'a peer'}` : ', to this appliance'}</p>
          <ul>
            ${hindrances.map(({ reason, remedy }) => ui`<li>${reason}; ${remedy}</li>`)}
          </ul>`,
    )}
  <//>`;
}

/** The name of the appliance that has the role, as far as it is known here. */
function holderOf({ name, state, activeAddress }, { name: own, peers }) {
  if (state === 'Active') return `${own} (this appliance)`;
  const peer = peers.find(({ virtualRouters = [] }) =>
    virtualRouters.some((one) => one.name === name && one.state === 'Active'),
  );
  if (peer) return peer.name;
  return activeAddress ?? 'nobody that is known here';
}

/** What the kernel has, and whether it is as it should be. */
function Address({ one: { address, present, foreign }, wanted }) {
  const text = foreign
    ? 'stands, put there by somebody else'
    : present
      ? `stands${wanted ? '' : ', and must not'}`
      : wanted
        ? 'is missing'
        : 'is not here';
  return ui`<li class=${present === wanted ? '' : 'fault'}>
    ${`${present === wanted ? '' : '✕ '}${present ? '■' : '□'}\u00a0${address} ${text}`}
  </li>`;
}

function priorityOf({ state, configuredPriority, effectivePriority, adjustments }) {
  if (state === 'Initialize') return `${configuredPriority}, out of the election`;
  const parts = adjustments.map(
    ({ name, amount }) => ` ${amount < 0 ? '-' : '+'} ${Math.abs(amount)} ${name}`,
  );
  return parts.length || effectivePriority !== configuredPriority
    ? `${effectivePriority} = ${configuredPriority}${parts.join('')}`
    : effectivePriority;
}

function moveOf({ way, reason, because, orderedBy, noticedAt, nobodyHeldAtMostMs: gap }) {
  const parts = [
    `${way === 'taken' ? 'came here' : 'went'} ${since(noticedAt)}: ${why(reason)}${because ? ` (${because})` : ''}`,
    orderedBy && `ordered by ${orderedBy}`,
    gap === 0 && 'somebody had the addresses throughout',
    gap > 0 && `nobody had the addresses for ${gap} ms at most`,
  ];
  return parts.filter(Boolean).join('; ');
}

function Router({ router, status }) {
  const { name, state, reason, because, addresses, lastMove } = router;
  return ui`<${Card} title=${`Virtual router ${name}`}>
    <${Rows}
      rows=${[
        ['State', ui`<strong class=${state}>${SHAPES[state]} ${state}</strong>`],
        ['Held by', holderOf(router, status)],
        ['Since', since(router.since)],
        ['Why', `${why(reason)}${because ? ` (${because})` : ''}`],
        [
          'Addresses in the kernel',
          ui`<ul class="plain">
            ${addresses.map((one) => ui`<${Address} one=${one} wanted=${state === 'Active'} />`)}
          </ul>`,
        ],
        [
          'Where',
          `VRID ${router.vrid} on ${router.interface}, ${router.family === 'ipv6' ? 'IPv6' : 'IPv4'}${router.primary ? `, primary ${router.primary}` : ''}`,
        ],
        ['Priority', priorityOf(router)],
        lastMove && ['Last move', moveOf(lastMove)],
      ]}
    />
  <//>`;
}

export const FITNESS = {
  sound: 'fit',
  'soft-fault': 'fit but for a soft fault',
  unfit: 'cannot take the role',
};

export const roundTrip = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

const Peer = ({ peer }) =>
  ui`<${Card} title=${`Peer ${peer.name}`}>
    <${Rows}
      rows=${[
        ['State', ui`<strong>${peer.state === 'healthy' ? '✓' : '✕'} ${peer.state}</strong>`],
        [
          'Fitness',
          `${FITNESS[peer.fitness] ?? peer.fitness ?? 'not known'}${peer.cause ? `: ${peer.cause}` : ''}`,
        ],
        ...(peer.virtualRouters ?? []).map((one) => [
          one.name,
          `${SHAPES[one.state]} ${one.state}${one.state === 'Initialize' ? '' : `, priority ${one.effectivePriority}`}`,
        ]),
        peer.differences?.length && ['Settings that differ', list(peer.differences)],
      ]}
    />
    <table>
      <caption>
        Paths
      </caption>
      <thead>
        <tr>
          <th>Address</th>
          <th>State</th>
          <th>Round trip</th>
        </tr>
      </thead>
      <tbody>
        ${peer.paths.map(
          (path) =>
            ui`<tr>
              <td>${path.address}</td>
              <td>${`${path.state === 'healthy' ? '✓' : '✕'} ${path.state}${path.problem ? `: ${path.problem}` : ''}`}</td>
              <td>${path.rttMs === null ? '-' : roundTrip(path.rttMs)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  <//>`;

/** Whether it answers, and since when. */
function answers({ state, since: at, detail }) {
  if (state === 'unknown') return 'not asked yet';
  const from = at ? ` since ${since(at)}` : '';
  return `${state === 'seen' ? '✓' : '!'} ${state}${from}${detail ? `: ${detail}` : ''}`;
}

/** Whose the lease is, and what is left of ours. */
function leaseOf({ lease, holder, remainingMs = 0, ttlSeconds }) {
  const left = (remainingMs / 1000).toFixed(1);
  return (
    {
      ours: `ours, for another ${left} of ${ttlSeconds} s unless it is renewed`,
      others: `${holder ?? 'another'} has it`,
      free: 'nobody has it',
    }[lease] ?? 'not known'
  );
}

/** What a failure of a monitor does. */
function effectOf(weight) {
  if (weight === 'hard') return 'out of the election';
  if (weight === 'soft') return 'the role goes to a sound peer';
  if (weight === 0) return 'moves no role';
  return weight === undefined ? '-' : `lowers the priority by ${weight}`;
}

function Rest({ status }) {
  const { flaps, bypass, maintenance, standsBack, handover, witness, time: at } = status;
  return ui`<${Card} title="This appliance">
    <${Rows}
      rows=${[
        [
          'Flaps',
          `${flaps.count}${flaps.limit ? ` of ${flaps.limit}` : ''} in ${lasting(flaps.windowSeconds * 1000)}${flaps.limit ? '' : ', no limit'}${flaps.latched ? ': out of the election until they are cleared' : ''}`,
        ],
        [
          'Bypass',
          hasBypass(status)
            ? `${bypass.desired} wanted, ${bypass.actual} found${bypass.latched ? ', until it is released' : ''}`
            : 'none: the settings name no hook',
        ],
        ['Maintenance', maintenance ? '! on: out of the election until it is switched off' : 'off'],
        standsBack && [
          'Stands back',
          `until it is asked back or needed; handed over by ${standsBack.by || 'an operator'} ${since(standsBack.since)}`,
        ],
        handover && [
          'Handover',
          `${list(handover.virtualRouters)} to ${handover.to ?? 'nobody known'}: ${why(handover.reason)}`,
        ],
        witness && ['Witness', answers(witness)],
        witness && ['Its lease', leaseOf(witness)],
        at && ['As of', time(at)],
      ]}
    />
  <//>`;
}

const MARKS = { ok: '✓', failed: '✕' };

const Monitors = ({ monitors }) =>
  ui`<${Card} title="Monitors" wide>
    ${
      monitors.length === 0
        ? ui`<p>Nothing is monitored.</p>`
        : ui`<table class="stack">
            <thead>
              <tr>
                <th>Name</th>
                <th>State</th>
                <th>Measured, and the margin</th>
                <th>What a failure does</th>
              </tr>
            </thead>
            <tbody>
              ${monitors.map(
                ({ name, state, detail, weight }) =>
                  ui`<tr>
                    <td>${name}</td>
                    <td>${MARKS[state] ?? '!'} ${state}</td>
                    <td>${detail}</td>
                    <td data-head="A failure: ">${effectOf(weight)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
  <//>`;

export const Events = ({ events }) =>
  ui`<ol class="events">
    ${[...events].reverse().map(
      (one) =>
        ui`<li key=${`${one.time}${one.event}${one.detail}`}>
            <time datetime=${one.time}>${time(one.time)}</time>${' '}<strong>${one.event}</strong>
            ${`${one.virtualRouter ? ` ${one.virtualRouter}` : ''}${one.to ? ` ${one.from} → ${one.to}` : ''} `}<span>${one.detail}</span>
          </li>`,
    )}
  </ol>`;

export function Screen() {
  const { status, events } = store;
  return ui`<div class="cards">
    <${Card} title="The pair" wide><${Pair} status=${status} role=${roleOf(status)} /><//>
    <${Health} health=${status.health} />
    <${Ready} readiness=${status.readiness} />
    ${status.virtualRouters.map((router) => ui`<${Router} key=${router.name} router=${router} status=${status} />`)}
    ${status.peers.map((peer) => ui`<${Peer} key=${peer.name} peer=${peer} />`)}
    <${Rest} status=${status} />
    <${Card} title="Orders"><${Orders} status=${status} /><//>
    <${Sync} status=${status} />
    <${Monitors} monitors=${status.monitors} />
    <${Card} title="Last events" wide>${events.length ? ui`<${Events} events=${events.slice(-20)} />` : ui`<p>No event yet.</p>`}<//>
  </div>`;
}
