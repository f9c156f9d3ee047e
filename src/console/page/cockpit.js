// The page's way to the agent inside Cockpit: its control socket, by Cockpit's own bridge, with the rights of whoever
// is signed in there. No server of ours. Drawing: main.js.
import { App } from './main.js';
import { heardState, put, show, store } from './store.js';

/** Between two looks, in ms. */
const EVERY = 1000;
const SOCKET = '/run/understudy/control.sock';
const PATHS = {
  order: '/v1/command',
  change: '/v1/change',
  reload: '/v1/reload',
  sync: '/v1/sync',
  pull: '/v1/sync/pull',
  push: '/v1/sync/push',
};

const agent = window.cockpit.http(SOCKET, { superuser: 'try' });

/** What the agent answers, a refusal too. */
const ask = (method, path, body) =>
  new Promise((resolve) => {
    const headers = { Host: 'understudy', 'Content-Type': 'application/json' };
    // A refusal has two arguments, which only this form hands on.
    agent.request({ method, path, headers, body: body ? JSON.stringify(body) : '' }).then(
      (text) => resolve(text),
      (problem, text) =>
        resolve(
          text ||
            JSON.stringify({
              error: {
                message: `the agent is not reachable (${problem.problem ?? problem.message})`,
                remedy: 'systemctl start understudy; or join the group understudy',
              },
            }),
        ),
    );
  });

store.fetch = async (what, body) => {
  const answer = JSON.parse(await ask(what === 'sync' ? 'GET' : 'POST', PATHS[what], body));
  // Errors of the settings file say more than that there are some.
  return answer.errors && /^(change|reload)$/.test(what) ? { ...answer, error: undefined } : answer;
};

const linesOf = (text) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

let at = null;
async function look() {
  const [status, settings] = await Promise.all(
    ['/v1/status', '/v1/settings'].map(async (path) => JSON.parse(await ask('GET', path))),
  );
  const problem = status.error ?? settings.error ?? null;
  if (problem === null) {
    at = Date.now();
    if (JSON.stringify(settings) !== JSON.stringify(store.settings)) put({ settings });
    const last = store.events.at(-1)?.time;
    const since = last ? `?since=${encodeURIComponent(last)}` : '';
    const text = await ask('GET', `/v1/events${since}`);
    if (!text.startsWith('{"error"'))
      put({ events: [...store.events, ...linesOf(text)].slice(-20) });
  }
  heardState({ status: problem ? store.status : status, problem, at, now: Date.now() });
  setTimeout(look, EVERY);
}

show(App);
void fetch('about.json')
  .then((answer) => answer.json())
  .then((about) => put({ about }))
  .then(look);
