import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  AppendedFile,
  type FileLimits,
  fileOutbox,
  type TrackerFiles,
  trackerFiles,
  type Written,
} from '../appended-file.ts';
import type { Outbox } from '../outbox.ts';
import { safeJson, scalarsOf } from '../scalars.ts';
import type { TrackedEvent, Tracker, TrackerContext } from '../tracker.ts';
import { encodeEvent, FILE_VERSION, type SummaryValue, type TensorBoardEvent, tfRecord } from './event-file.ts';

/** Where runs lie side by side, for `tensorboard --logdir`. */
export const RUNS_FOLDER = 'runs';

/**
 * A run as a TensorBoard event file: scalars, pictures of examples, the configuration as text. Each process writes a
 * file of its own into the run's folder, as TensorBoard expects of a run that is resumed.
 */
export class TensorBoardTracker implements Tracker {
  /** The run's folder. */
  readonly folder: string;
  private readonly file: AppendedFile;
  private readonly outbox: Outbox<Written>;
  private readonly resumed: boolean;
  /** The last step heard of; what has no step of its own stands beside it. */
  private step = 0;
  private stepped = false;

  constructor({ folder, run, reporter }: TrackerContext, options: { readonly files?: TrackerFiles } & FileLimits = {}) {
    const { files = trackerFiles, ...limits } = options;
    this.folder = join(folder, RUNS_FOLDER, `${fileName(run.name)}-${run.id}`);
    this.resumed = run.resumed;
    // TensorBoard reads the files of a folder in the order of their names: seconds first, milliseconds last.
    const [seconds, milliseconds] = [Math.floor(Date.now() / 1000), Date.now() % 1000];
    const last = String(milliseconds).padStart(3, '0');
    const name = `events.out.tfevents.${String(seconds).padStart(10, '0')}.${hostname()}.${process.pid}.${last}`;
    this.file = new AppendedFile(join(this.folder, name), files);
    this.outbox = fileOutbox(`TensorBoard's file ${this.file.path}`, reporter, files, limits);
    this.write({ step: 0, fileVersion: FILE_VERSION });
  }

  track(event: TrackedEvent): void {
    if (this.outbox.over) return;
    if (event.kind === 'step' || event.kind === 'validation' || event.kind === 'pictures') this.step = event.step;
    if (event.kind === 'step' && !this.stepped) {
      this.stepped = true;
      if (this.resumed) this.write({ step: this.step, restart: true });
    }
    const values = valuesOf(event);
    if (values.length > 0) this.write({ step: this.step, values });
  }

  async close(): Promise<void> {
    const whole = await this.outbox.close();
    // A disk that does not answer would not answer this either.
    if (whole) await this.file.close().catch(() => {});
  }

  private write(event: Omit<TensorBoardEvent, 'wallTime'>): void {
    this.outbox.push({ to: this.file, bytes: tfRecord(encodeEvent({ wallTime: Date.now() / 1000, ...event })) });
  }
}

/** A name as a part of a path. */
const fileName = (name: string): string => name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 100);

function valuesOf(event: TrackedEvent): SummaryValue[] {
  switch (event.kind) {
    case 'start': {
      const { config, dataset, seed, time } = event;
      // Text is Markdown there.
      const code = (value: unknown): string => `\`\`\`json\n${safeJson(value, 2)}\n\`\`\``;
      return [
        { tag: 'configuration', text: code(config) },
        { tag: 'run', text: code({ started: time, seed, dataset }) },
      ];
    }
    case 'skipped':
      return [{ tag: 'skipped', text: `${event.path}: ${event.reason}` }];
    case 'message':
      return [{ tag: 'messages', text: `${event.level}: ${event.text}` }];
    case 'end':
      return [{ tag: 'end', text: `${event.time}: ${event.reason}` }];
    case 'pictures':
      return event.pictures.map((picture, i) => ({ tag: `${event.name}/${i}`, picture }));
    default:
      return scalarsOf(event).map(([tag, scalar]) => ({ tag, scalar }));
  }
}
