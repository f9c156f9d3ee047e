// One setting on the HA page: its label, what is typed, its unit, range and default, and what is wrong with it.
import { ui, list, put, store } from './store.js';
import { begin, changesIn, generic, placeOf, rowOf } from './draft.js';

let asOf = null;
let fields = new Map();

export function fieldOf(path) {
  if (asOf !== store.about) fields = new Map(store.about.fields.map((one) => [one.path, one]));
  asOf = store.about;
  return fields.get(generic(path));
}

/** The draft after a change to it; none when nothing is left of it. */
export function revise(change) {
  const { settings, draft } = store;
  const before = draft ?? begin(settings);
  // What was asked about the draft before says nothing of this one.
  const after = { ...before, answer: null, error: null, now: null, ...change(before) };
  put({ draft: changesIn(after) ? after : null, saved: null });
}

const enter = ({ path, value }, typed) =>
  revise((draft) => {
    const values = { ...draft.values, [path]: typed };
    if (String(value ?? '') === String(typed)) delete values[path];
    return { values, errors: draft.errors.filter((error) => !belongs(error, path)) };
  });

export const belongs = (error, path) => {
  const place = placeOf(store.draft, error);
  return place === path || place.startsWith(`${path}[`);
};

export const Changes = ({ changes }) =>
  ui`<ul class="changes">
    ${changes.map(
      ({ setting, from, to, unit = '' }) =>
        ui`<li>
          <code>${setting}</code>${`: ${from ?? '-'} → `}<strong>${`${to ?? '-'} ${unit}`}</strong>
        </li>`,
    )}
  </ul>`;

export const Fault = ({ id, fault }) =>
  ui`<p class="error" id=${id}>
    <span>✕ ${fault.path} (${fault.code})</span>
    <span>expected ${fault.expected}</span>
    <span>found ${fault.found}</span>
    <span>remedy ${fault.remedy}</span>
  </p>`;

function range({ minimum, maximum, words, unit, default: standard }) {
  const bounds =
    minimum === undefined
      ? words
        ? list(words)
        : ''
      : `${minimum} to ${maximum}${unit ? ` ${unit}` : ''}`;
  const plain = standard === undefined || typeof standard === 'object' ? '' : `default ${standard}`;
  return [bounds, plain].filter(Boolean).join(', ');
}

function Input({ id, field, words, value, set, described, bad }) {
  const common = { id, 'aria-describedby': described, 'aria-invalid': bad ? 'true' : null };
  if (field.type === 'boolean')
    return ui`<input
      type="checkbox"
      ...${common}
      checked=${value === true}
      onChange=${(event) => set(event.target.checked)}
    />`;
  if (words) {
    return ui`<select ...${common} value=${value} onChange=${(event) => set(event.target.value)}>
      ${words.map((word) => ui`<option value=${word} selected=${word === value}>${word}</option>`)}
    </select>`;
  }
  return ui`<input
    ...${common}
    type="text"
    inputmode=${field.type === 'integer' ? 'numeric' : null}
    autocomplete="off"
    spellcheck=${false}
    value=${String(value)}
    onInput=${(event) => set(event.target.value)}
  />`;
}

/** `fresh`: in a row that is not in the file yet. A program is named in the file alone, so no new check runs one. */
export function Field({ setting, fresh }) {
  const { path, value = '' } = setting;
  const field = fieldOf(path);
  if (!field) return null;
  const id = path.replace(/[^\w]/g, '-');
  const typed = store.draft?.values[path];
  const errors = (store.draft?.errors ?? []).filter((error) => belongs(error, path));
  const about = `${id}-about${errors.length ? ` ${id}-error` : ''}`;
  const editable = field.editable || (fresh && field.once);
  const unit = setting.unit ?? field.unit ?? '';
  return ui`<div class=${typed === undefined ? 'field' : 'field changed'}>
    <label for=${id}>${field.label}</label>
    ${
      editable
        ? ui`<div class="value">
            <${Input}
              id=${id}
              field=${field}
              words=${fresh ? field.words?.filter((word) => word !== 'script') : field.words}
              value=${typed ?? value}
              set=${(now) => enter(setting, now)}
              described=${about}
              bad=${errors.length > 0}
            />
            ${unit}
          </div>`
        : ui`<output class="value" id=${id}>${String(value) || '-'} ${unit}</output>`
    }
    ${errors.map((fault) => ui`<${Fault} id=${`${id}-error`} fault=${fault} />`)}
    <p class="small" id=${`${id}-about`}>
      ${`${field.description} ${range(field)}${editable ? '' : field.once ? ' Stays as it is: remove the row, and add another one.' : ' Changed in the file.'}`}
    </p>
  </div>`;
}

/** The settings of a row: those that the file or a default says, and those that it may have besides. */
function settingsOf(row, listed, type) {
  const stem = row.split('[')[0];
  const found = new Map(listed.map((one) => [one.path, one]));
  return store.about.fields
    .filter(({ path }) => path.startsWith(`${stem}[].`))
    .flatMap(({ path: name, of, editable, once, default: standard }) => {
      const path = row + name.slice(stem.length + 2);
      if (found.has(path)) return [found.get(path)];
      const may = (!of || of === type) && (editable || once);
      return may ? [{ path, value: standard }] : [];
    });
}

/** One virtual router, or one check. */
export function Row({ row, title, fresh }) {
  const { draft, settings } = store;
  const listed = fresh ? [] : settings.settings;
  const typed = draft?.values[`${row}.type`];
  const type = typed ?? listed.find(({ path }) => path === `${row}.type`)?.value;
  const gone = draft?.removed.includes(row);
  const own = settingsOf(row, listed, type).filter(({ path }) => fresh || !path.endsWith('].name'));
  const errors = (draft?.errors ?? []).filter(
    (error) =>
      rowOf(placeOf(draft, error)) === row &&
      (gone || !own.some(({ path }) => belongs(error, path))),
  );
  const drop = () =>
    revise(({ values, added, removed }) => ({
      values: Object.fromEntries(Object.entries(values).filter(([path]) => rowOf(path) !== row)),
      added: added.filter((one) => one !== row),
      removed: fresh ? removed : [...removed, row],
      errors: [],
    }));
  const keep = () =>
    revise(({ removed }) => ({ removed: removed.filter((one) => one !== row), errors: [] }));
  return ui`<fieldset class=${fresh || gone ? 'changed' : ''}>
    <legend>${`${title}${gone ? ', to be removed' : fresh ? ', new' : ''}`}</legend>
    ${errors.map((fault) => ui`<${Fault} fault=${fault} />`)}
    ${gone ? null : own.map((setting) => ui`<${Field} key=${setting.path} setting=${setting} fresh=${fresh} />`)}
    <div class="buttons">
      <button type="button" onClick=${gone ? keep : drop}>
        ${gone ? `Keep ${title}` : `Remove ${title}`}
      </button>
    </div>
  </fieldset>`;
}
