// The page's way to the console's own server: sign-in, the stream of news, orders. Drawing: main.js.
import { App } from './main.js';
import { heardState, ui, put, show, store } from './store.js';

async function ask(path, body) {
  const answer = await fetch(
    path,
    body && {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    },
  );
  const value = await answer.json();
  if (answer.status === 401) put({ cut: 'sign-in' });
  return value;
}

/** What orders go through: the answer of the agent, or { error }. */
store.fetch = (what, body = {}) =>
  ask(`api/${what}`, body).catch(() => ({
    error: {
      message: 'the console does not answer',
      remedy: 'see whether understudy-console runs',
    },
  }));

store.signOut = async () => {
  await ask('api/sign-out', {});
  location.reload();
};

let source;
async function open() {
  source?.close();
  const about = await ask('api/fields');
  if (about.error) return put({ cut: 'sign-in' });
  put({ about, cut: null });
  source = new EventSource('api/stream');
  source.addEventListener('state', ({ data }) => heardState(JSON.parse(data)));
  source.addEventListener('settings', ({ data }) => put(JSON.parse(data)));
  source.addEventListener('events', ({ data }) => put(JSON.parse(data)));
  source.addEventListener('over', () => {
    source.close();
    put({ cut: 'sign-in' });
  });
  source.addEventListener('error', () => {
    put({ cut: 'lost' });
    // The browser tries again by itself, but for an answer that refuses.
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 2000);
  });
}

const again = () =>
  ask('api/session').then(
    ({ signedIn }) => (signedIn ? open() : put({ cut: 'sign-in' })),
    () => setTimeout(again, 2000),
  );

async function signIn(event) {
  event.preventDefault();
  const { token } = event.target.elements;
  const { error } = await ask('api/sign-in', { token: token.value }).catch(() => ({
    error: { message: 'the console does not answer', remedy: 'try again' },
  }));
  put({ refused: error ?? null });
  if (!error) await open();
  else token.select();
}

const SignIn = () =>
  ui`<main class="sign-in">
    <h1>understudy</h1>
    <form onSubmit=${signIn}>
      <label for="token">Token</label>
      <input
        id="token"
        name="token"
        type="password"
        autocomplete="current-password"
        required
        autofocus
      />
      <button>Sign in</button>
      ${store.refused && ui`<p class="error" role="alert">${store.refused.message}; ${store.refused.remedy}</p>`}
      <p>It stands in <code>console.tokenFile</code> on the appliance.</p>
    </form>
  </main>`;

show(() => (store.cut === 'sign-in' ? ui`<${SignIn} />` : ui`<${App} />`));
void again();
