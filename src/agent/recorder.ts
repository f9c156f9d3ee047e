// Every event of the instance, before it is stepped, with a checkpoint to start from: a recording
// replays through the core and gives the same effects. No interpretation.
import { Instance, type InstanceCheckpoint } from '../core/instance.js';
import type { InstanceEffect, InstanceEvent } from '../core/interface.js';
import type { Instant } from '../model/units.js';

export interface RecordedEvent {
  readonly at: Instant;
  readonly event: InstanceEvent;
}

export interface Recording {
  readonly checkpoint: InstanceCheckpoint;
  readonly events: readonly RecordedEvent[];
}

/** Events per segment. Two segments are kept, so at least this many are always there. */
const SEGMENT_LENGTH = 4_096;

export class Recorder {
  readonly #instance: Instance;
  #previous: Recording | null = null;
  #checkpoint: InstanceCheckpoint;
  #events: RecordedEvent[] = [];

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#checkpoint = instance.checkpoint();
  }

  /** Call before `instance.handle(event, at)`. */
  record(event: InstanceEvent, at: Instant): void {
    if (this.#events.length >= SEGMENT_LENGTH) {
      this.#previous = { checkpoint: this.#checkpoint, events: this.#events };
      this.#checkpoint = this.#instance.checkpoint();
      this.#events = [];
    }
    this.#events.push({ at, event });
  }

  /** The last 4096 to 8192 events and the state before the first of them. */
  recording(): Recording {
    const { checkpoint, events } = this.#previous ?? { checkpoint: this.#checkpoint, events: [] };
    return { checkpoint, events: [...events, ...this.#events] };
  }
}

/** Replays a recording: the effects of each event, in order. */
export function replay(recording: Recording): (readonly InstanceEffect[])[] {
  const instance = Instance.restore(recording.checkpoint);
  return recording.events.map(({ event, at }) => instance.handle(event, at));
}

/** One JSON object a line: the checkpoint, then the events. */
export const formatRecording = ({ checkpoint, events }: Recording): string =>
  [JSON.stringify({ checkpoint }), ...events.map((event) => JSON.stringify(event)), ''].join('\n');

/** @throws SyntaxError when a line is not JSON. */
export function parseRecording(text: string): Recording {
  const [first = '{}', ...rest] = text.split('\n').filter((line) => line !== '');
  const { checkpoint } = JSON.parse(first) as { checkpoint: InstanceCheckpoint };
  return { checkpoint, events: rest.map((line) => JSON.parse(line) as RecordedEvent) };
}
