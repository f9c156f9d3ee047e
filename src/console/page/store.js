// What the page knows, and how it is drawn anew when that changes. No text for people.
import { h, render } from './preact.js';
import htm from './htm.js';
import { inForce, learn } from './draft.js';

export const ui = htm.bind(h);

/** The transport puts in what it hears; the parts of the page put in what the person does. */
export const store = {
  status: null,
  settings: null,
  events: [],
  about: { fields: [], sections: [], reasons: {} },
  problem: null,
  /** Why there is no news at all. */
  cut: null,
  view: location.hash === '#settings' ? 'settings' : 'status',
  order: null,
  /** What differs from the peers, as of when it was asked. */
  compared: null,
  draft: null,
  /** The id of what has the focus once it is drawn, or of what it is in. */
  focus: null,
  fetch: null,
};

let heard = 0;
let age = null;
let draw = () => {};
let waits = false;

/** The status, and how old it is by the clock of who sent it. */
export function heardState({ status, problem, at, now }) {
  heard = performance.now();
  age = at === null ? null : now - at;
  put({ status, problem, cut: null });
}

/** Milliseconds; null before the first. */
export const ageNow = () => (age === null ? null : age + performance.now() - heard);

export function put(news) {
  Object.assign(store, news);
  if (news.about) learn(news.about.fields);
  const late = store.draft?.late;
  if (late && inForce(late, store.settings)) Object.assign(store, { draft: null, saved: late });
  if (waits) return;
  waits = true;
  queueMicrotask(() => {
    waits = false;
    draw();
    const place = store.focus && document.getElementById(store.focus);
    store.focus = null;
    if (place) (place.querySelector('input, select') ?? place).focus();
  });
}

export function show(App) {
  const root = document.getElementById('page');
  root.textContent = '';
  draw = () => render(ui`<${App} />`, root);
  // Ages grow without any news.
  setInterval(draw, 500);
  draw();
}

const shown = new WeakSet();

/** For what appears because of a key or a click: it has the focus once, so that the keyboard goes on from there. */
export const focusOnce = (what) => (element) => {
  if (!element || shown.has(what)) return;
  shown.add(what);
  element.focus();
};

export const time = (iso) => {
  const at = new Date(iso);
  return Number.isNaN(at.getTime())
    ? iso
    : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
};

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** `2 h 5 min`, of milliseconds: the two largest units. */
export function lasting(ms) {
  let rest = Math.max(0, Math.floor(ms / 1000));
  const parts = UNITS.map(([size, unit]) => {
    const many = Math.floor(rest / size);
    rest -= many * size;
    return many ? `${many} ${unit}` : '';
  });
  const first = parts.findIndex(Boolean);
  return first < 0
    ? '0 s'
    : parts
        .slice(first, first + 2)
        .filter(Boolean)
        .join(' ');
}

/** When it was, and how long ago by the appliance's own clock. */
export function since(iso) {
  const ms = Date.parse(store.status?.time) - Date.parse(iso);
  return `${time(iso)}${ms >= 0 ? `, ${lasting(ms)} ago` : ''}`;
}

export const list = (words) => (words.length ? words.join(', ') : '-');
