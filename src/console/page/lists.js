// Lists on the HA page, by what the schema says of them: of texts, of pairs, of sections. Each item stands in a row with a
// button that takes it out; one button adds another. What is typed into: fields.js.
import { ui, put, store } from './store.js';
import { fieldOf, fieldsIn, firstValues, placeOf, rowOf, rowsOf, titleOf } from './draft.js';
import { belongs, Faults, Field, idOf, Input, revise } from './fields.js';

/** `name`: what it takes out, as it is read out; `text` where there is room for it. */
const Remove = ({ name, text = 'Remove', none, go }) =>
  ui`<button type="button" aria-label=${text === 'Remove' ? `Remove ${name}` : null} disabled=${none} onClick=${go}>${text}</button>`;

const Add = ({ path, field: { one, most }, count, go }) =>
  ui`<div class="buttons">
    <button type="button" id=${`${idOf(path)}-add`} disabled=${count >= most} onClick=${go}>
      Add ${/^[aeio]/.test(one) ? 'an' : 'a'} ${one}
    </button>
  </div>`;

const blank = ({ type, item, least }) => (type === 'array' ? Array(least).fill(blank(item)) : '');

/** The items of a value. A list of so many and no other number of items has them side by side: a pair. */
export function List({ path, field, value, set, errors, described, name = field.one }) {
  const { item, least, most } = field;
  const fixed = least === most;
  const items = [...value, ...Array(Math.max(0, least - value.length)).fill(blank(item))];
  const at = (index) => `${path}[${index}]`;
  const without = (index) => {
    const left = items.filter((_, place) => place !== index);
    const next = Math.min(index, left.length - 1);
    put({ focus: idOf(next < 0 ? `${path}-add` : at(next)) });
    set(left);
  };
  const more = () => {
    put({ focus: idOf(at(items.length)) });
    set([...items, blank(item)]);
  };
  const whole = fixed && errors.some((error) => placeOf(store.draft, error) === path);
  return ui`<ol class=${fixed ? 'parts' : 'items'}>
      ${items.map((one, index) => {
        const id = idOf(at(index));
        const own = errors.filter((error) => belongs(error, at(index)));
        const called = fixed ? `${name}, ${index + 1} of ${most}` : `${name} ${index + 1}`;
        const told = fixed || !own.length ? described : `${described} ${id}-error`;
        const replaced = (now) => set(items.map((old, place) => (place === index ? now : old)));
        return ui`<li key=${index} id=${id}>
          ${
            item.type === 'array'
              ? ui`<${List} path=${at(index)} field=${item} value=${one} set=${replaced} errors=${own} described=${told} name=${called} />`
              : ui`<${Input}
                  type=${item.type}
                  choices=${item.words}
                  value=${one}
                  set=${replaced}
                  aria-label=${called}
                  aria-describedby=${told}
                  aria-invalid=${whole || own.length ? 'true' : null}
                />`
          }
          ${fixed ? null : ui`<${Remove} name=${called} none=${items.length <= least} go=${() => without(index)} /><${Faults} id=${`${id}-error`} faults=${own} />`}
        </li>`;
      })}
    </ol>
    ${fixed ? null : ui`<${Add} path=${path} field=${field} count=${items.length} go=${more} />`}`;
}

/** The settings of a row: those that the file or a default says, and those that it may have besides. */
function settingsOf(row, listed, type) {
  const stem = row.split('[')[0];
  const found = new Map(listed.map((one) => [one.path, one]));
  return fieldsIn(stem).flatMap(({ path: name, of, editable, once, default: standard }) => {
    const path = row + name.slice(stem.length + 2);
    if (found.has(path)) return [found.get(path)];
    const may = (!of || of === type) && (editable || once);
    return may ? [{ path, value: standard }] : [];
  });
}

/** One section of a list: one virtual router, one check. `editable`: it may go. */
function Row({ row, title, fresh, editable }) {
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
  const drop = () => {
    if (fresh) put({ focus: `${idOf(row.split('[')[0])}-add` });
    revise(({ values, added, removed }) => ({
      values: Object.fromEntries(Object.entries(values).filter(([path]) => rowOf(path) !== row)),
      added: added.filter((one) => one !== row),
      removed: fresh ? removed : [...removed, row],
      errors: [],
    }));
  };
  const keep = () =>
    revise(({ removed }) => ({ removed: removed.filter((one) => one !== row), errors: [] }));
  return ui`<fieldset id=${idOf(row)} class=${fresh || gone ? 'changed' : ''}>
    <legend>${`${title}${gone ? ', to be removed' : fresh ? ', new' : ''}`}</legend>
    <${Faults} faults=${errors} />
    ${gone ? null : own.map((setting) => ui`<${Field} key=${setting.path} setting=${setting} fresh=${fresh} />`)}
    ${editable && ui`<div class="buttons"><${Remove} text=${`${gone ? 'Keep' : 'Remove'} ${title}`} go=${gone ? keep : drop} /></div>`}
  </fieldset>`;
}

let made = 0;

/** A list of sections: those of the file, and those that are new. */
export function Rows({ path }) {
  const { settings, draft } = store;
  const field = fieldOf(path);
  const { one, editable } = field;
  const old = rowsOf(settings, path);
  const fresh = (draft?.added ?? []).filter((row) => row.startsWith(`${path}[`));
  const add = () => {
    const row = `${path}[n${(made += 1)}]`;
    put({ focus: idOf(row) });
    revise(({ values, added }) => ({
      added: [...added, row],
      values: { ...values, ...Object.fromEntries(firstValues(row)) },
    }));
  };
  return ui`<p class="small">
      ${`${field.description}${editable ? '' : ' Added and removed in the file.'}`}
    </p>
    ${old.map((row) => ui`<${Row} key=${row} row=${row} title=${titleOf(settings, row)} editable=${editable} />`)}
    ${fresh.map((row) => ui`<${Row} key=${row} row=${row} title=${draft.values[`${row}.name`] || one} editable=${editable} fresh />`)}
    ${editable && ui`<${Add} path=${path} field=${field} count=${old.length + fresh.length} go=${add} />`}`;
}
