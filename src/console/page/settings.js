// The HA page: the appliance's fields in their order, then the rest; what would change, then the change. The values and
// errors are the agent's.
import { ui, list, put, store } from './store.js';

const SECTIONS = [
  ['ha', 'More of high availability'],
  ['virtualRouters', 'Virtual routers'],
  ['bandwidthMonitoring', 'Bandwidth monitoring'],
  ['linkMonitoring', 'Link monitoring'],
  ['gatewayMonitoring', 'Gateway monitoring'],
  ['checks', 'Checks'],
];

const fieldOf = (path) =>
  store.about.fields.find((one) => one.path === path.replace(/\[\d+\]/g, '[]'));

/** As the file has it, from what was typed: what it cannot be stays a text, and the agent says what is wrong. */
function valueOf({ type, items }, typed) {
  if (type === 'boolean') return typed;
  if (type === 'integer') return /^-?\d{1,15}$/.test(typed.trim()) ? Number(typed) : typed;
  if (type !== 'array') return typed;
  const words = typed.split(/[\s,]+/).filter(Boolean);
  return items === 'array'
    ? words.map((word) => word.split('+'))
    : items === 'integer'
      ? words.map(Number)
      : words;
}

function enter(path, typed) {
  const { settings, draft } = store;
  const now = settings.settings.find((one) => one.path === path).value;
  const values = { ...draft?.values, [path]: typed };
  if (String(now) === String(typed)) delete values[path];
  const errors = (draft?.errors ?? []).filter((one) => one.path !== path);
  const { base = settings.digest, from = settings, known = [settings.digest] } = draft ?? {};
  const any = Object.keys(values).length > 0;
  put({ draft: any ? { base, from, known, values, errors } : null, saved: null });
}

const request = (draft, apply) => ({
  base: draft.base,
  apply,
  changes: Object.entries(draft.values).map(([path, typed]) => ({
    path,
    value: valueOf(fieldOf(path), typed),
  })),
});

async function ask(apply) {
  const { draft } = store;
  put({ draft: { ...draft, busy: true } });
  const answer = await store.fetch('change', request(draft, apply));
  if (answer.ok && apply) return put({ draft: null, saved: answer });
  const { error, errors = [], now } = answer;
  put({
    saved: null,
    draft: { ...draft, busy: false, answer: answer.ok ? answer : null, error, errors, now },
  });
}

/** What differs between two versions of the settings, by name. */
const between = (before, after) => {
  const old = new Map(before.settings.map((one) => [one.setting, one.value]));
  return after.settings
    .filter((one) => old.get(one.setting) !== one.value)
    .map((one) => ({
      setting: one.setting,
      from: old.get(one.setting) ?? null,
      to: one.value,
      unit: one.unit,
    }));
};

const Changes = ({ changes }) =>
  ui`<ul class="changes">
    ${changes.map(
      ({ setting, from, to, unit = '' }) =>
        ui`<li>
          <code>${setting}</code>${`: ${from ?? '-'} → `}<strong>${`${to ?? '-'} ${unit}`}</strong>
        </li>`,
    )}
  </ul>`;

const Fault = ({ id, fault }) =>
  ui`<p class="error" id=${id}>
    <span>✕ ${fault.path} (${fault.code})</span>
    <span>expected ${fault.expected}</span>
    <span>found ${fault.found}</span>
    <span>remedy ${fault.remedy}</span>
  </p>`;

const belongs = (error, path) => error.path === path || error.path.startsWith(`${path}[`);

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

function Input({ id, field, value, set, described, bad }) {
  const common = { id, 'aria-describedby': described, 'aria-invalid': bad ? 'true' : null };
  if (field.type === 'boolean')
    return ui`<input
      type="checkbox"
      ...${common}
      checked=${value === true}
      onChange=${(event) => set(event.target.checked)}
    />`;
  if (field.words) {
    return ui`<select ...${common} value=${value} onChange=${(event) => set(event.target.value)}>
      ${field.words.map((word) => ui`<option value=${word} selected=${word === value}>${word}</option>`)}
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

function Field({ setting }) {
  const { path } = setting;
  const field = fieldOf(path);
  if (!field) return null;
  const id = path.replace(/[^\w]/g, '-');
  const typed = store.draft?.values[path];
  const errors = (store.draft?.errors ?? []).filter((error) => belongs(error, path));
  const about = `${id}-about${errors.length ? ` ${id}-error` : ''}`;
  return ui`<div class=${typed === undefined ? 'field' : 'field changed'}>
    <label for=${id}>${field.label}</label>
    ${
      field.editable
        ? ui`<div class="value">
            <${Input}
              id=${id}
              field=${field}
              value=${typed ?? setting.value}
              set=${(value) => enter(path, value)}
              described=${about}
              bad=${errors.length > 0}
            />
            ${setting.unit ?? ''}
          </div>`
        : ui`<output class="value" id=${id}>${String(setting.value) || '-'} ${setting.unit ?? ''}</output>`
    }
    ${errors.map((fault) => ui`<${Fault} id=${`${id}-error`} fault=${fault} />`)}
    <p class="small" id=${`${id}-about`}>
      ${`${field.description} ${range(field)}${field.editable ? '' : ' Changed in the file.'}`}
    </p>
  </div>`;
}

/** The virtual routers, or the checks, one by one. */
function Items({ settings }) {
  const names = [...new Set(settings.map(({ path }) => path.split('.')[0]))];
  return ui`${names.map((place) => {
    const own = settings.filter(({ path }) => path.startsWith(`${place}.`));
    const name = /\[(.*?)\]/.exec(own[0]?.setting ?? '')?.[1] ?? place;
    return ui`<fieldset key=${place}>
      <legend>${name}</legend>
      ${own.map((setting) => ui`<${Field} key=${setting.path} setting=${setting} />`)}
    </fieldset>`;
  })}`;
}

function Where() {
  const { status } = store;
  const { sync, peers, name } = status;
  if (peers.length === 0) return ui`<p>On ${name} alone: it has no peer.</p>`;
  if (sync?.mode === 'follow')
    return ui`<p>
      On ${name} first, then on ${list(peers.map((one) => one.name))}: the settings that they share.
    </p>`;
  return ui`<p>
    ${`On ${name} alone. ${list(peers.map((one) => one.name))}: ${sync ? 'is offered the settings that they share' : 'make the same change there'}.`}
  </p>`;
}

function Preview({ answer, busy }) {
  return ui`<div class="preview" role="region" aria-label="What will change">
    <h3>What will change</h3>
    <${Where} />
    ${answer.changes.length ? ui`<${Changes} changes=${answer.changes} />` : ui`<p>Nothing: the file says so already.</p>`}
    ${answer.plan.map(
      (one) =>
        ui`<h4>Netlink script of ${one.virtualRouter}</h4>
          <pre tabindex="0">
${[...one.takeover.map((line) => `takeover ${line}`), ...one.release.map((line) => `release ${line}`)].join('\n')}</pre>`,
    )}
    ${answer.warnings.map(({ path, message }) => ui`<p>! ${path} ${message}</p>`)}
    <div class="buttons">
      <button type="button" class="act" disabled=${busy} onClick=${() => ask(true)}>
        Save now
      </button>
      <button type="button" onClick=${() => put({ draft: { ...store.draft, answer: null } })}>
        Not yet
      </button>
    </div>
  </div>`;
}

/** Somebody else has saved since. */
function Meanwhile({ draft, now }) {
  const from = draft.from;
  return ui`<div class="preview" role="alert">
    <h3>The settings have changed meanwhile</h3>
    <${Changes} changes=${between(from, now)} />
    <div class="buttons">
      <button
        type="button"
        onClick=${() =>
          put({
            draft: {
              ...draft,
              base: now.digest,
              known: [...draft.known, now.digest],
              from: now,
              now: null,
              answer: null,
              errors: [],
            },
          })}
      >
        Make my changes on top of these
      </button>
      <button type="button" onClick=${() => put({ draft: null })}>Forget my changes</button>
    </div>
  </div>`;
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
      (one) => one.path && new RegExp(`^${section}[.[]`).test(one.path) && !first.includes(one),
    );
  const count = Object.keys(draft?.values ?? {}).length;
  const placed = (error) =>
    all.some(({ path }) => path && fieldOf(path)?.editable && belongs(error, path));
  const others = (draft?.errors ?? []).filter(
    (error) => error.code !== 'changed-meanwhile' && !placed(error),
  );
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
    ${SECTIONS.map(([section, title]) => {
      const inside = rest(section);
      return inside.length === 0
        ? null
        : ui`<section class="card wide" key=${section}>
            <h2>${title}</h2>
            ${inside[0].path.startsWith(`${section}[`) ? ui`<${Items} settings=${inside} />` : inside.map((setting) => ui`<${Field} key=${setting.path} setting=${setting} />`)}
          </section>`;
    })}
    <div class="save">
      ${draft?.error && ui`<p class="error" role="alert">✕ ${draft.error.message}; ${draft.error.remedy}</p>`}
      ${draft?.errors?.length ? ui`<p class="error" role="alert">✕ Not saved: ${draft.errors.length} ${draft.errors.length === 1 ? 'error' : 'errors'}</p>` : null}
      ${others.map((fault) => ui`<${Fault} id="other-error" fault=${fault} />`)}
      ${now && ui`<${Meanwhile} draft=${draft} now=${now} />`}
      ${draft?.answer && ui`<${Preview} answer=${draft.answer} busy=${draft.busy} />`}
      ${
        saved && !draft
          ? ui`<div role="status">
              <p>✓ Saved in ${saved.file}, and in force.</p>
              <${Changes} changes=${saved.changes} />
            </div>`
          : null
      }
      <div class="buttons">
        <button class="act" disabled=${count === 0 || draft.busy}>Save…</button>
        <button type="button" disabled=${count === 0} onClick=${() => put({ draft: null })}>
          Undo ${count || ''}
        </button>
      </div>
    </div>
  </form>`;
}
