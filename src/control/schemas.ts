// JSON schemas of requests and answers, compiled by ajv. Answers may have more fields than are known
// here: the agent may be of another version. No sockets.
import type { SettingsView } from '../config/setting-names.js';
import { form } from '../json/form.js';
import {
  COMMANDS,
  FORCIBLE,
  type ChangeOutcome,
  type ChangeRequest,
  type CommandName,
  type CommandOutcome,
  type CommandRequest,
  type ErrorAnswer,
  type ReloadOutcome,
  type SetOutcome,
  type SetRequest,
  type SyncRequest,
  type SyncView,
} from './protocol.js';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const value = { type: ['string', 'number', 'boolean'] } as const;

const warnings = {
  type: 'array',
  items: {
    type: 'object',
    required: ['path', 'message'],
    properties: { path: text, message: text },
  },
} as const;

const settingsErrors = {
  type: 'array',
  items: {
    type: 'object',
    required: ['path', 'expected', 'found', 'remedy', 'code'],
    properties: {
      path: text,
      line: { type: 'integer' },
      column: { type: 'integer' },
      expected: text,
      found: text,
      remedy: text,
      code: text,
    },
  },
} as const;

/** The body of `POST /v1/set`. Nothing else may stand in it. */
export const isSetRequest = form<SetRequest>('set-request', {
  type: 'object',
  required: ['setting', 'value'],
  additionalProperties: false,
  properties: {
    setting: { type: 'string', minLength: 1, maxLength: 100 },
    value: { type: 'string', maxLength: 1000 },
  },
});

const plain = { type: ['string', 'number', 'boolean'] } as const;

/** The body of `POST /v1/change`. Nothing else may stand in it. */
export const isChangeRequest = form<ChangeRequest>('change-request', {
  type: 'object',
  required: ['base', 'changes', 'apply'],
  additionalProperties: false,
  properties: {
    base: { type: 'string', minLength: 1, maxLength: 100 },
    apply: flag,
    remove: {
      type: 'array',
      maxItems: 500,
      items: { type: 'string', minLength: 1, maxLength: 200 },
    },
    changes: {
      type: 'array',
      maxItems: 500,
      items: {
        type: 'object',
        required: ['path', 'value'],
        additionalProperties: false,
        properties: {
          path: { type: 'string', minLength: 1, maxLength: 200 },
          value: {
            anyOf: [
              plain,
              {
                type: 'array',
                maxItems: 255,
                items: { anyOf: [plain, { type: 'array', maxItems: 16, items: plain }] },
              },
            ],
          },
        },
      },
    },
  },
});

/** The body of `POST /v1/command`: a command with one of its arguments, or with none if it has none. */
export const isCommandRequest = form<CommandRequest>('command-request', {
  type: 'object',
  required: ['command'],
  oneOf: Object.entries(COMMANDS).map(([name, words]) => ({
    additionalProperties: false,
    ...(words.length === 0 ? {} : { required: ['argument'] }),
    properties: {
      command: { const: name },
      ...(words.length === 0 ? {} : { argument: { enum: words } }),
      ...(FORCIBLE.has(name as CommandName) ? { force: flag } : {}),
    },
  })),
});

/** The body of `POST /v1/sync/pull` and `POST /v1/sync/push`. */
export const isSyncRequest = form<SyncRequest>('sync-request', {
  type: 'object',
  additionalProperties: false,
  properties: { peer: { type: 'string', minLength: 1, maxLength: 64 } },
});

export const isSyncView = form<SyncView>('sync-view', {
  type: 'object',
  required: ['sync', 'peers'],
  properties: {
    sync: {
      type: 'object',
      required: ['mode', 'generation', 'author', 'digest', 'peers'],
      properties: {
        mode: text,
        generation: { type: 'integer' },
        author: text,
        digest: text,
        peers: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name', 'state', 'since'],
            properties: { name: text, state: text, since: text, detail: text },
          },
        },
      },
    },
    peers: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: text,
          differences: {
            type: 'array',
            items: { type: 'object', required: ['setting'], properties: { setting: text } },
          },
        },
      },
    },
  },
});

type Done<Outcome> = Extract<Outcome, { ok: true }>;

export const isSettingsView = form<SettingsView>('settings-view', {
  type: 'object',
  required: ['file', 'settings'],
  properties: {
    file: text,
    settings: {
      type: 'array',
      items: {
        type: 'object',
        required: ['setting', 'value', 'settable'],
        properties: { setting: text, value, default: value, source: text, settable: flag },
      },
    },
  },
});

export const isSetDone = form<Done<SetOutcome>>('set-done', {
  type: 'object',
  required: ['ok', 'setting', 'value', 'previous', 'changed', 'file', 'warnings'],
  properties: {
    ok: { const: true },
    setting: text,
    value,
    previous: { type: ['string', 'number', 'boolean', 'null'] },
    changed: flag,
    file: text,
    warnings,
  },
});

const difference = {
  type: 'object',
  required: ['setting', 'from', 'to'],
  properties: {
    setting: text,
    from: { type: ['string', 'number', 'boolean', 'null'] },
    to: { type: ['string', 'number', 'boolean', 'null'] },
  },
} as const;

export const isChangeDone = form<Done<ChangeOutcome>>('change-done', {
  type: 'object',
  required: ['ok', 'applied', 'file', 'changes', 'plan', 'warnings'],
  properties: {
    ok: { const: true },
    applied: flag,
    file: text,
    changes: { type: 'array', items: difference },
    plan: { type: 'array', items: { type: 'object' } },
    warnings,
  },
});

export const isReloadDone = form<Done<ReloadOutcome>>('reload-done', {
  type: 'object',
  required: ['ok', 'file', 'changes', 'warnings'],
  properties: {
    ok: { const: true },
    file: text,
    changes: { type: 'array', items: text },
    warnings,
    unfit: warnings,
  },
});

export const isCommandDone = form<Done<CommandOutcome>>('command-done', {
  type: 'object',
  required: ['ok', 'detail'],
  properties: { ok: { const: true }, detail: text },
});

export const isErrorAnswer = form<ErrorAnswer>('error-answer', {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'remedy'],
      properties: { code: text, message: text, remedy: text },
    },
    file: text,
    errors: settingsErrors,
  },
});
