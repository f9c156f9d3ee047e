// What Save is going to do, on which appliance, and what it did. The values and errors are the agent's.
import { ui, focusOnce, list, put, store } from './store.js';
import { fieldOf, rebased } from './draft.js';
import { Changes } from './fields.js';
import { Order } from './orders.js';
import { Pushes, SyncLines } from './sync.js';

/** What becomes of the settings that the group shares, at one peer. */
function AtPeer({ peer, shared, sync, name }) {
  const state = sync?.peers.find((one) => one.name === peer)?.state;
  const text = !shared.length
    ? `Nothing: what changes is of ${name} alone.`
    : !sync
      ? 'Nothing: ha.sync is off. Make the same change there.'
      : sync.mode !== 'follow'
        ? `Nothing by itself. It is offered ${list(shared.map(({ setting }) => setting))}: push that when it is saved.`
        : state === 'in-sync'
          ? `The same, if ${peer} follows too: on all of them at once, or on none. What it refuses is in force nowhere.`
          : `Nothing for now: its settings are not in sync (${state ?? 'unknown'}).`;
  return ui`<h4>On ${peer}</h4>
    <p>${text}</p>
    ${sync?.mode === 'follow' && state === 'in-sync' && shared.length ? ui`<${Changes} changes=${shared} />` : null}`;
}

function Where({ changes }) {
  const { name, peers, sync } = store.status;
  const shared = changes.filter(({ path }) => path && fieldOf(path)?.shared);
  return ui`<h4>On ${name}, at once</h4>
    ${changes.length ? ui`<${Changes} changes=${changes} />` : ui`<p>Nothing: the file says so already.</p>`}
    ${peers.map((peer) => ui`<${AtPeer} peer=${peer.name} shared=${shared} sync=${sync} name=${name} />`)}`;
}

export function Preview({ answer, busy, save }) {
  return ui`<div class="preview" role="region" aria-label="What will change">
    <h3 tabindex="-1" ref=${focusOnce(answer)}>What will change</h3>
    <${Where} changes=${answer.changes} />
    ${answer.plan.map(
      (one) =>
        ui`<h4>Netlink script of ${one.virtualRouter}</h4>
          <pre tabindex="0">
${[...one.takeover.map((line) => `takeover ${line}`), ...one.release.map((line) => `release ${line}`)].join('\n')}</pre>`,
    )}
    ${answer.warnings.map(({ path, message }) => ui`<p>! ${path} ${message}</p>`)}
    <div class="buttons">
      <button type="button" class="act" disabled=${busy} onClick=${save}>Save now</button>
      <button type="button" onClick=${() => put({ draft: { ...store.draft, answer: null } })}>
        Not yet
      </button>
    </div>
  </div>`;
}

/** What differs between two versions of the settings, by name. */
const between = (before, after) => {
  const old = new Map(before.settings.map((one) => [one.setting, one.value]));
  const now = new Map(after.settings.map((one) => [one.setting, one.value]));
  return [...after.settings, ...before.settings.filter(({ setting }) => !now.has(setting))]
    .filter(({ setting }) => old.get(setting) !== now.get(setting))
    .map(({ setting, unit }) => ({
      setting,
      from: old.get(setting),
      to: now.get(setting),
      unit,
    }));
};

/** Somebody else has saved since. */
export const Meanwhile = ({ draft, now }) =>
  ui`<div class="preview" role="alert">
    <h3>The settings have changed meanwhile</h3>
    <${Changes} changes=${between(draft.from, now)} />
    <div class="buttons">
      <button type="button" onClick=${() => put({ draft: rebased(draft, now) })}>
        Make my changes on top of these
      </button>
      <button type="button" onClick=${() => put({ draft: null })}>Forget my changes</button>
    </div>
  </div>`;

/** What was done here, and how each peer stands to it now. */
export const Saved = ({ saved }) =>
  ui`<div role="status">
      <p tabindex="-1" ref=${focusOnce(saved)}>✓ Saved in ${saved.file}, and in force.</p>
      <${Changes} changes=${saved.changes} />
      ${saved.warnings.map(({ path, message }) => ui`<p>! ${path} ${message}</p>`)}
      <${SyncLines} />
    </div>
    ${store.order ? ui`<${Order} status=${store.status} />` : ui`<${Pushes} />`}`;
