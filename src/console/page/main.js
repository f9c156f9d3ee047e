// The frame of the page: who this is, how fresh it is, which view. The views: screen.js, settings.js.
import { ageNow, ui, put, store } from './store.js';
import { HEALTH, Screen } from './screen.js';
import { Settings } from './settings.js';

/** Milliseconds after which what is shown is old. */
const OLD = 3000;

export const roleOf = ({ virtualRouters }) => {
  const active = virtualRouters.filter(({ state }) => state === 'Active').length;
  if (active === 0)
    return virtualRouters.some(({ state }) => state === 'Backup') ? 'Backup' : 'Initialize';
  return active === virtualRouters.length ? 'Active' : 'Active in part';
};

export const SHAPES = { Active: '◆', 'Active in part': '◈', Backup: '◇', Initialize: '✕' };

function Fresh() {
  const age = ageNow();
  const { cut, problem } = store;
  const seconds = age === null ? null : Math.floor(age / 1000);
  const old = age !== null && age > OLD;
  const said = seconds === null ? '' : ` What is shown is ${seconds} s old.`;
  if (cut === 'lost')
    return ui`<p class="banner" role="alert">
      ✕ No connection to the console: trying again.${said}
    </p>`;
  if (problem) {
    return ui`<p class="banner" role="alert">
      ${`✕ ${/not reachable/.test(problem.message) ? 'The agent is gone' : 'No news'}: ${problem.message}; ${problem.remedy}.${said}`}
    </p>`;
  }
  return old ? ui`<p class="banner" role="alert">✕ No news from the agent.${said}</p>` : null;
}

const VIEWS = { status: 'Status', settings: 'High availability' };

function go(view) {
  location.hash = view;
  put({ view });
}

window.addEventListener('hashchange', () => {
  const view = location.hash.slice(1);
  if (VIEWS[view]) put({ view });
});

export function App() {
  const { status, view, cut, problem } = store;
  const age = ageNow();
  const stale = cut !== null || problem !== null || age === null || age > OLD;
  if (!status) {
    return ui`<main>
      <h1>understudy</h1>
      <${Fresh} />${problem || cut ? null : ui`<p>Waiting for the agent.</p>`}
    </main>`;
  }
  const role = roleOf(status);
  document.title = `${SHAPES[role]} ${status.name}: ${role}`;
  return ui`<div class=${`app ${stale ? 'stale' : ''} role-${role.split(' ')[0]}`}>
    <header>
      <h1>${status.name} <span class="role">${SHAPES[role]} ${role}</span></h1>
      <nav aria-label="Views">
        ${Object.entries(VIEWS).map(
          ([name, text]) =>
            ui`<a href=${`#${name}`} aria-current=${view === name ? 'page' : null} onClick=${() => go(name)}>${text}</a>`,
        )}
        ${store.signOut && ui`<button type="button" onClick=${store.signOut}>Sign out</button>`}
      </nav>
      <p class="small">
        ${`${HEALTH[status.health.state] ?? '?'} ${status.health.state}, ${status.mode}${status.primary ? ', primary' : ''}, understudy ${status.version}${stale ? '' : ', live'}`}
      </p>
    </header>
    <${Fresh} />
    <main>${view === 'settings' ? ui`<${Settings} />` : ui`<${Screen} />`}</main>
  </div>`;
}
