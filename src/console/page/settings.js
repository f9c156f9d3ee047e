// The HA page: the appliance's fields in their order, then the rest, row by row; Save. The values and errors are the
// agent's. One setting: fields.js; what Save does: preview.js.
import { ui, put, store } from './store.js';
import { changesIn, fieldOf, placeOf, requestOf, rowLists, rowOf, rowsOf } from './draft.js';
import { belongs, Fault, Field } from './fields.js';
import { Rows } from './lists.js';
import { Meanwhile, Preview, Saved } from './preview.js';

async function ask(apply) {
  const { draft } = store;
  put({ draft: { ...draft, busy: true }, order: null });
  const answer = await store.fetch('change', requestOf(draft, apply));
  if (answer.ok && apply) return put({ draft: null, saved: answer });
  const { error, errors = [], now } = answer;
  put({
    saved: null,
    draft: {
      ...draft,
      busy: false,
      answer: answer.ok ? answer : null,
      // It may be done all the same: then it is seen in the settings.
      late: apply && error?.code === 'too-slow' ? draft.answer : null,
      error,
      errors,
      now,
    },
  });
}

/** Errors that no field and no row shows. */
function othersIn({ draft, settings }) {
  const rows = new Set([
    ...(draft?.added ?? []),
    ...rowLists().flatMap(({ path }) => rowsOf(settings, path)),
  ]);
  const fields = settings.settings.filter(({ path }) => path && !rowOf(path) && fieldOf(path));
  return (draft?.errors ?? []).filter(
    (error) =>
      error.code !== 'changed-meanwhile' &&
      !rows.has(rowOf(placeOf(draft, error))) &&
      !fields.some(({ path }) => belongs(error, path)),
  );
}

export function Settings() {
  const { settings, draft, saved } = store;
  if (!settings) return ui`<p>Waiting for the settings.</p>`;
  const all = settings.settings;
  const first = store.about.fields
    .filter((one) => one.page)
    .map((one) => all.find(({ path }) => path === one.path))
    .filter(Boolean);
  const rest = (section) =>
    all.filter(
      (one) =>
        one.path?.startsWith(`${section}.`) &&
        fieldOf(one.path) &&
        !rowOf(one.path) &&
        !first.includes(one),
    );
  const listsOf = (section) => rowLists().filter(({ path }) => path.split('.')[0] === section);
  const count = draft ? changesIn(draft) : 0;
  const others = othersIn(store);
  const now = draft?.now ?? (draft && !draft.known.includes(settings.digest) ? settings : null);
  const submit = (event) => {
    event.preventDefault();
    if (count > 0) void ask(false);
  };
  return ui`<form onSubmit=${submit} novalidate>
    <p class="small">${settings.file}, version ${settings.digest ?? '-'}</p>
    <section class="card wide">
      <h2>High availability</h2>
      ${first.map((setting) => ui`<${Field} key=${setting.path} setting=${setting} />`)}
    </section>
    ${store.about.sections.map(
      ([section, title]) =>
        ui`<section class="card wide" key=${section}>
          <h2>${title}</h2>
          ${rest(section).map((setting) => ui`<${Field} key=${setting.path} setting=${setting} />`)}
          ${listsOf(section).map(({ path, label }) => ui`${path === section ? null : ui`<h3>${label}</h3>`}<${Rows} path=${path} />`)}
        </section>`,
    )}
    <div class="save">
      ${draft?.error && ui`<p class="error" role="alert">✕ ${draft.error.message}; ${draft.error.remedy}</p>`}
      ${draft?.errors.length ? ui`<p class="error" role="alert">✕ Not saved: ${draft.errors.length} ${draft.errors.length === 1 ? 'error' : 'errors'}</p>` : null}
      ${others.map((fault) => ui`<${Fault} id="other-error" fault=${fault} />`)}
      ${now && ui`<${Meanwhile} draft=${draft} now=${now} />`}
      ${draft?.answer && ui`<${Preview} answer=${draft.answer} busy=${draft.busy} save=${() => ask(true)} />`}
      ${saved && !draft ? ui`<${Saved} saved=${saved} />` : null}
      <div class="buttons">
        <button class="act" disabled=${count === 0 || draft.busy}>Save…</button>
        <button type="button" disabled=${count === 0} onClick=${() => put({ draft: null })}>
          Undo ${count || ''}
        </button>
      </div>
    </div>
  </form>`;
}
