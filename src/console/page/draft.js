// What a person has typed and not saved yet: values by path, rows that are new, rows that are to go. No drawing.

/** What the schema says of each setting, by its path; a list of sections is one of them, and its sections are rows. */
let fields = new Map();
export const learn = (about) => {
  fields = new Map(about.map((one) => [one.path, one]));
};

/** The path of the field: `virtualRouters[].vrid`. */
export const generic = (path) => path.replace(/\[\w+\]/g, '[]');
export const fieldOf = (path) => fields.get(generic(path));

/** The lists that have rows. */
export const rowLists = () => [...fields.values()].filter(({ rows }) => rows);
/** The settings that a row may have. */
export const fieldsIn = (list) =>
  [...fields.values()].filter(({ path }) => path.startsWith(`${list}[].`));

/** What a new row begins with: where what it is is one of some words, the first. */
export const firstValues = (row) =>
  fieldsIn(listOf(row))
    .filter(({ once, words }) => once && words)
    .map(({ path, words }) => [row + path.slice(listOf(row).length + 2), words[0]]);

export const begin = (settings) => ({
  base: settings.digest,
  /** The version of the file that it is made on, and those that the person has been shown. */
  from: settings,
  known: [settings.digest],
  values: {},
  added: [],
  removed: [],
  errors: [],
});

export const changesIn = ({ values, added, removed }) =>
  Object.keys(values).filter((path) => !added.includes(rowOf(path))).length +
  added.length +
  removed.length;

const listOf = (row) => row.split('[')[0];
/** `virtualRouters[0]` of `virtualRouters[0].vrid`; a new one is `virtualRouters[n1]`. */
export const rowOf = (path) =>
  fields.get(listOf(path))?.rows ? (/^[\w.]+\[\w+\]/.exec(path)?.[0] ?? '') : '';

/** The rows of a list in the file. */
export const rowsOf = ({ settings }, list) => [
  ...new Set(
    settings.map(({ path }) => rowOf(path ?? '')).filter((row) => listOf(row) === list && row),
  ),
];

/** The rows as a request counts them, and as they are afterwards. */
const asked = ({ from, added }, list) => [
  ...rowsOf(from, list),
  ...added.filter((row) => listOf(row) === list),
];
const afterwards = (draft, list) =>
  asked(draft, list).filter((row) => !draft.removed.includes(row));

/** Faults of the request itself; all others are of what the file would be. */
const OF_REQUEST = new Set(['not-settable', 'not-editable']);

/** Where on the page the error belongs. */
export function placeOf(draft, { path, code }) {
  const row = rowOf(path);
  if (!row) return path;
  const rows = (OF_REQUEST.has(code) ? asked : afterwards)(draft, listOf(row));
  const place = rows[/\d+/.exec(row)?.[0]];
  return place ? place + path.slice(row.length) : path;
}

function pathIn(draft, path) {
  const row = rowOf(path);
  if (!row) return path;
  return `${listOf(row)}[${asked(draft, listOf(row)).indexOf(row)}]${path.slice(row.length)}`;
}

/** As the file has it, from what was typed: what it cannot be stays a text, and the agent says what is wrong. */
function valueOf({ type, item }, typed) {
  if (type === 'array') return typed.map((one) => valueOf(item, one.trim?.() ?? one));
  if (type === 'boolean') return String(typed) === 'true';
  return type === 'integer' && /^-?\d{1,15}$/.test(typed.trim()) ? Number(typed) : typed;
}

/** In the order of the file. */
export const requestOf = (draft, apply) => ({
  base: draft.base,
  apply,
  changes: [...fields.values()].flatMap((field) =>
    Object.entries(draft.values)
      .filter(([path]) => generic(path) === field.path && !draft.removed.includes(rowOf(path)))
      .map(([path, typed]) => ({ path: pathIn(draft, path), value: valueOf(field, typed) })),
  ),
  ...(draft.removed.length ? { remove: draft.removed } : {}),
});

/** `virtualRouters[lan]` of the names of its settings. */
const nameOf = (settings, row) =>
  /^[\w.]+\[.*?\]/.exec(
    settings.settings.find(({ path }) => rowOf(path ?? '') === row)?.setting ?? '',
  )?.[0];

/** The name of a row, as the file has it. */
export const titleOf = (settings, row) =>
  nameOf(settings, row)?.replace(/^[\w.]+\[|\]$/g, '') ?? row;

/** Whether all that was to change has done so. */
export const inForce = ({ changes }, { settings }) =>
  changes.every(
    (change) =>
      (settings.find(({ setting }) => setting === change.setting)?.value ?? null) === change.to,
  );

/** The same on another version of the file, in which a row may stand elsewhere or be gone. */
export function rebased(draft, now) {
  const rows = new Map(
    rowLists().flatMap(({ path: list }) =>
      rowsOf(draft.from, list).map((row) => [
        row,
        rowsOf(now, list).find((one) => nameOf(now, one) === nameOf(draft.from, row)),
      ]),
    ),
  );
  const moved = (row) => (!row || draft.added.includes(row) ? row : rows.get(row));
  return {
    ...draft,
    base: now.digest,
    from: now,
    known: [...draft.known, now.digest],
    values: Object.fromEntries(
      Object.entries(draft.values)
        .filter(([path]) => moved(rowOf(path)) !== undefined)
        .map(([path, typed]) => [moved(rowOf(path)) + path.slice(rowOf(path).length), typed]),
    ),
    removed: draft.removed.map(moved).filter(Boolean),
    errors: [],
    now: null,
    answer: null,
    late: null,
  };
}
