// One setting on the HA page: its label, what is typed, its unit, range and default, and what is wrong with it. A list:
// lists.js.
import { ui, put, store } from './store.js';
import { begin, changesIn, fieldOf, placeOf } from './draft.js';
import { List } from './lists.js';

/** The draft after a change to it; none when nothing is left of it. */
export function revise(change) {
  const { settings, draft } = store;
  const before = draft ?? begin(settings);
  // What was asked about the draft before says nothing of this one.
  const after = { ...before, answer: null, late: null, error: null, now: null, ...change(before) };
  put({ draft: changesIn(after) ? after : null, saved: null });
}

export const idOf = (path) => path.replace(/\W/g, '-');

/** What stands in the file, or by default: of a list its items, and of nothing ''. */
const standing = ({ path, value = '', list: items }) =>
  fieldOf(path).type === 'array' ? (items ?? (value || [])) : value;

const enter = (setting, typed) =>
  revise((draft) => {
    const { path } = setting;
    const before = standing(setting);
    const values = { ...draft.values, [path]: typed };
    if (String(before) === typed || JSON.stringify(before) === JSON.stringify(typed))
      delete values[path];
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

export const Fault = ({ fault }) =>
  ui`<p class="error">
    <span>✕ ${fault.path} (${fault.code})</span>
    <span>expected ${fault.expected}</span>
    <span>found ${fault.found}</span>
    <span>remedy ${fault.remedy}</span>
  </p>`;

export const Faults = ({ id, faults }) =>
  faults.length
    ? ui`<div id=${id}>${faults.map((fault) => ui`<${Fault} fault=${fault} />`)}</div>`
    : null;

const plain = (value) => ({ true: 'on', false: 'off', '': 'not set' })[value] ?? String(value);

/** What may be typed, and what holds when nothing is. */
function range({ type, item, minimum, maximum, least, most, unit, default: standard }) {
  const bounds =
    type === 'array'
      ? `${least ? `${least} to ${most}` : `At most ${most}`}. Each: ${item.description}`
      : minimum === undefined
        ? ''
        : `${minimum} to ${maximum}${unit ? ` ${unit}` : ''}.`;
  const usual =
    typeof standard === 'object' || standard === undefined ? '' : `Default: ${plain(standard)}.`;
  return [bounds, usual].filter(Boolean).join(' ');
}

/** What one value is typed into. `choices`: the words that it may be. `rest`: what ties it to its label and its faults. */
export function Input({ type, value, choices, set, ...rest }) {
  if (typeof value === 'boolean')
    return ui`<input type="checkbox" ...${rest} checked=${value} onChange=${(event) => set(event.target.checked)} />`;
  if (choices) {
    return ui`<select ...${rest} value=${value} onChange=${(event) => set(event.target.value)}>
      ${choices.map((word) => ui`<option value=${word} selected=${word === value}>${plain(word)}</option>`)}
    </select>`;
  }
  return ui`<input
    ...${rest}
    type="text"
    inputmode=${type === 'integer' ? 'numeric' : null}
    autocomplete="off"
    spellcheck=${false}
    value=${String(value)}
    onInput=${(event) => set(event.target.value)}
  />`;
}

/** Of a choice that nobody has made, that too. A program is named in the file alone, so no new check runs one. */
function choicesOf({ type, words }, value, fresh) {
  const all = type === 'boolean' ? ['true', 'false'] : words;
  const may = fresh ? all?.filter((word) => word !== 'script') : all;
  return may && value === '' ? ['', ...may] : may;
}

/** `fresh`: in a row that is not in the file yet. */
export function Field({ setting, fresh }) {
  const { path, value = '' } = setting;
  const field = fieldOf(path);
  if (!field) return null;
  const id = idOf(path);
  const typed = store.draft?.values[path];
  const errors = (store.draft?.errors ?? []).filter((error) => belongs(error, path));
  const isList = field.type === 'array';
  const here = isList ? errors.filter((error) => placeOf(store.draft, error) === path) : errors;
  const described = `${id}-about${here.length ? ` ${id}-error` : ''}`;
  const editable = field.editable || (fresh && field.once);
  const unit = setting.unit ?? field.unit ?? '';
  const set = (now) => enter(setting, now);
  const tied = {
    id,
    'aria-describedby': described,
    'aria-invalid': errors.length ? 'true' : null,
  };
  return ui`<div
    class=${typed === undefined ? 'field' : 'field changed'}
    role=${isList && editable ? 'group' : null}
    aria-labelledby=${isList && editable ? `${id}-label` : null}
  >
    ${
      isList && editable
        ? ui`<span id=${`${id}-label`}>${field.label}</span>`
        : ui`<label for=${id}>${field.label}</label>`
    }
    ${
      !editable
        ? ui`<output class="value" id=${id}>${value === '' ? '-' : plain(value)} ${unit}</output>`
        : isList
          ? ui`<div>
              <${List} path=${path} field=${field} value=${typed ?? standing(setting)} set=${set} errors=${errors} described=${described} />
            </div>`
          : ui`<div class="value">
              <${Input} ...${tied} type=${field.type} value=${typed ?? value} choices=${choicesOf(field, value, fresh)} set=${set} />
              ${unit}
            </div>`
    }
    <${Faults} id=${`${id}-error`} faults=${here} />
    <p class="small" id=${`${id}-about`}>
      ${`${field.description} ${range(field)}${editable ? '' : field.once ? ' Stays as it is: remove the row, and add another one.' : ' Changed in the file.'}`}
    </p>
  </div>`;
}
