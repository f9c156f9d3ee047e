// The first screen: health, both appliances, each virtual router, monitors, events. Orders: orders.js.
import { ui, list, store, time } from './store.js';
import { roleOf, SHAPES } from './main.js';
import { Orders } from './orders.js';
import { Pair } from './pair.js';
import { Sync } from './sync.js';

const HEALTH = { healthy: '✓', degraded: '!', fault: '✕' };
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
        ui`<p><strong>${ready ? '✓ yes' : '✕ no'}</strong>${direction === 'away' ? `, from here to ${list(to)}` : ', to this appliance'}</p>
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

function Router({ router, status }) {
  const { name, state, since, reason, because, addresses, lastMove } = router;
  return ui`<${Card} title=${name}>
    <${Rows}
      rows=${[
        ['State', ui`<strong class=${state}>${SHAPES[state]} ${state}</strong>`],
        ['Held by', holderOf(router, status)],
        ['Since', time(since)],
        ['Why', `${why(reason)}${because ? ` (${because})` : ''}`],
        [
          'Addresses in the kernel',
          ui`<ul class="plain">
            ${addresses.map(
              ({ address, present, foreign }) =>
                ui`<li>${`${present ? '■' : '□'} ${address} ${present ? 'stands' : 'is not here'}${foreign ? ', put there by somebody else' : ''}`}</li>`,
            )}
          </ul>`,
        ],
        ['Where', `VRID ${router.vrid} on ${router.interface}, ${router.family}`],
        [
          'Priority',
          router.effectivePriority === router.configuredPriority
            ? router.configuredPriority
            : `${router.effectivePriority} of ${router.configuredPriority}: ${list(router.adjustments.map((one) => `${one.name} ${-one.amount}`))}`,
        ],
        lastMove && [
          'Last move',
          `${lastMove.way}: ${why(lastMove.reason)}${lastMove.because ? `, ${lastMove.because}` : ''}${lastMove.orderedBy ? `, ordered by ${lastMove.orderedBy}` : ''}, ${time(lastMove.noticedAt)}${lastMove.nobodyHeldAtMostMs === null ? '' : `; nobody had the addresses for ${lastMove.nobodyHeldAtMostMs} ms at most`}`,
        ],
      ]}
    />
  <//>`;
}

const Peer = ({ peer }) =>
  ui`<${Card} title=${`Peer ${peer.name}`}>
    <${Rows}
      rows=${[
        ['State', ui`<strong>${peer.state === 'healthy' ? '✓' : '✕'} ${peer.state}</strong>`],
        ['Fitness', `${peer.fitness ?? 'not known'}${peer.cause ? `: ${peer.cause}` : ''}`],
        ...(peer.virtualRouters ?? []).map((one) => [
          one.name,
          `${SHAPES[one.state]} ${one.state}, priority ${one.effectivePriority}`,
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
              <td>${path.rttMs === null ? '-' : `${path.rttMs} ms`}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  <//>`;

/** Whether it answers, and since when. */
function answers({ state, since, detail }) {
  if (state === 'unknown') return 'not asked yet';
  const from = since ? ` since ${time(since)}` : '';
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

function Rest({ status }) {
  const { flaps, bypass, maintenance, standsBack, handover, witness, time: at } = status;
  return ui`<${Card} title="This appliance">
    <${Rows}
      rows=${[
        [
          'Flaps',
          `${flaps.count} of ${flaps.limit === 0 ? 'any number' : flaps.limit} in ${flaps.windowSeconds} s${flaps.latched ? ': out of the election until they are cleared' : ''}`,
        ],
        [
          'Bypass',
          `${bypass.desired} wanted, ${bypass.actual} found${bypass.latched ? ', until it is released' : ''}`,
        ],
        ['Maintenance', maintenance ? '! on' : 'off'],
        standsBack && ['Stands back', `${standsBack.by}, since ${time(standsBack.since)}`],
        handover && [
          'Handover',
          `${list(handover.virtualRouters)} to ${handover.to ?? 'nobody known'}`,
        ],
        witness && ['Witness', answers(witness)],
        witness && ['Its lease', leaseOf(witness)],
        at && ['As of', time(at)],
      ]}
    />
  <//>`;
}

const Monitors = ({ monitors }) =>
  ui`<${Card} title="Monitors" wide>
    ${
      monitors.length === 0
        ? ui`<p>Nothing is monitored.</p>`
        : ui`<table>
            <thead>
              <tr>
                <th>Name</th>
                <th>State</th>
                <th>Measured, and the margin</th>
                <th>A failure</th>
              </tr>
            </thead>
            <tbody>
              ${monitors.map(
                ({ name, state, detail, weight }) =>
                  ui`<tr>
                    <td>${name}</td>
                    <td>${/up|ok|healthy|good/.test(state) ? '✓' : '!'} ${state}</td>
                    <td>${detail}</td>
                    <td>
                      ${typeof weight === 'number' ? `lowers the priority by ${weight}` : (weight ?? '-')}
                    </td>
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
    <${Card} title="Last events" wide><${Events} events=${events.slice(-20)} /><//>
  </div>`;
}
