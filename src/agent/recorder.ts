// Every event of the instance, before it is stepped, with a checkpoint to start from: a recording
// replays through the core and gives the same effects. No interpretation.
import { Instance } from '../core/instance.js';
import type { InstanceCheckpoint } from '../core/instance-state.js';
import type { InstanceEffect, InstanceEvent } from '../core/interface.js';
import { instant, type Instant } from '../model/units.js';

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

/** Two columns: an event that comes again and again is the same object, and its time is a number. */
interface Segment {
  checkpoint: InstanceCheckpoint;
  readonly events: InstanceEvent[];
  readonly times: Float64Array;
}

export class Recorder {
  readonly #instance: Instance;
  #previous: Segment | null = null;
  #current: Segment;

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#current = emptySegment(instance.checkpoint());
  }

  /** Call before `instance.handle(event, at)`. */
  record(event: InstanceEvent, at: Instant): void {
    if (this.#current.events.length >= SEGMENT_LENGTH) this.#turn();
    const { events, times } = this.#current;
    times[events.length] = at;
    events.push(event);
  }

  /** The last 4096 to 8192 events and the state before the first of them. */
  recording(): Recording {
    const current = this.#current;
    const { checkpoint } = this.#previous ?? current;
    const before = this.#previous === null ? [] : recorded(this.#previous);
    return { checkpoint, events: [...before, ...recorded(current)] };
  }

  /** The columns of the segment before the last are used again. */
  #turn(): void {
    const checkpoint = this.#instance.checkpoint();
    const next = this.#previous ?? emptySegment(checkpoint);
    next.checkpoint = checkpoint;
    next.events.length = 0;
    this.#previous = this.#current;
    this.#current = next;
  }
}

const emptySegment = (checkpoint: InstanceCheckpoint): Segment => ({
  checkpoint,
  events: [],
  times: new Float64Array(SEGMENT_LENGTH),
});

const recorded = ({ events, times }: Segment): RecordedEvent[] =>
  events.map((event, index) => ({ at: instant(times[index] ?? 0), event }));

/** Replays a recording: the effects of each event, in order. */
export function replay(recording: Recording): (readonly InstanceEffect[])[] {
  const instance = Instance.restore(recording.checkpoint);
  return recording.events.map(({ event, at }) => instance.handle(event, at));
}

interface Beginning {
  readonly format?: number;
  readonly checkpoint?: InstanceCheckpoint;
}

/** Goes up with what a checkpoint holds: another release's cannot be restored. */
const FORMAT = 2;

/** One JSON object a line: the checkpoint, then the events. */
export const formatRecording = ({ checkpoint, events }: Recording): string =>
  [
    JSON.stringify({ format: FORMAT, checkpoint }),
    ...events.map((event) => JSON.stringify(event)),
    '',
  ].join('\n');

/** @throws SyntaxError when a line is not JSON; Error when another release wrote it, or it is no recording. */
export function parseRecording(text: string): Recording {
  const [first = '{}', ...rest] = text.split('\n').filter((line) => line !== '');
  const { format, checkpoint } = JSON.parse(first) as Beginning;
  if (checkpoint === undefined) throw new Error('a file whose first line has no checkpoint');
  if (format !== FORMAT) {
    throw new Error(
      `format ${format ?? 1} of a recording; replay it with the release that wrote it`,
    );
  }
  return { checkpoint, events: rest.map((line) => JSON.parse(line) as RecordedEvent) };
}
