import { isRecord } from '@neurodex/core';
import { Outbox, PermanentFailure } from '../outbox.ts';
import { safeJson, scalarsOf } from '../scalars.ts';
import { DONE, type TrackedEvent, type Tracker, type TrackerContext } from '../tracker.ts';
import { asFailure, MlflowClient, MlflowRefusal, mlflowAddress } from './client.ts';

export const DEFAULT_EXPERIMENT = 'neurodex';

interface Metric {
  readonly key: string;
  readonly value: number | string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

/** What waits for the server, in order. */
type Sent =
  | { readonly kind: 'metric'; readonly metric: Metric }
  | { readonly kind: 'param'; readonly key: string; readonly value: string }
  | { readonly kind: 'artifact'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly status: 'FINISHED' | 'FAILED'; readonly time: number; readonly reason: string };

/** Limits of one log-batch request, and of a value. */
const MOST_METRICS = 1000;
const MOST_PARAMS = 100;
const MOST_VALUE = 6000;
/** Lines said that are kept for the run's messages.txt. */
const MOST_LINES = 10_000;

export interface MlflowOptions {
  readonly farewell?: number;
  readonly interval?: number;
  readonly firstPause?: number;
  readonly patience?: number;
  readonly mostBytes?: number;
}

/** A run on an MLflow server, by its REST API: parameters, metrics by step, pictures and messages as artifacts. */
export class MlflowTracker implements Tracker {
  private readonly context: TrackerContext;
  private readonly client: MlflowClient;
  private readonly outbox: Outbox<Sent>;
  private run: ServerRun | undefined;
  private step = 0;
  private readonly lines: string[] = [];
  private ended = false;
  private artifactsTold = false;
  private closing: Promise<void> | undefined;

  /** @throws TypeError for an environment that `mlflowAddress` has a problem with */
  constructor(context: TrackerContext, options: MlflowOptions = {}) {
    const address = mlflowAddress(context.env);
    if ('problem' in address) throw new TypeError(address.problem);
    this.context = context;
    this.client = new MlflowClient(address);
    this.outbox = new Outbox<Sent>({
      name: `the MLflow server ${address.url}`,
      reporter: context.reporter,
      interval: 2000,
      patience: 20_000,
      ...options,
      sizeOf: (item) => (item.kind === 'artifact' ? item.bytes.length + 200 : 200),
      deliver: (items, signal) => this.deliver(items, signal),
    });
  }

  track(event: TrackedEvent): void {
    if (this.closing !== undefined || this.outbox.over) return;
    if ('step' in event) this.step = event.step;
    switch (event.kind) {
      case 'start':
        for (const [key, value] of paramsOf(event)) this.outbox.push({ kind: 'param', key, value });
        return;
      case 'skipped':
        this.say(`skipped ${event.path}: ${event.reason}`);
        return;
      case 'message':
        this.say(`${event.level}: ${event.text}`);
        return;
      case 'pictures':
        for (const [i, { bytes, format }] of event.pictures.entries()) {
          this.outbox.push({ kind: 'artifact', path: `${event.name}/${event.step}-${i}.${format}`, bytes });
        }
        return;
      case 'end':
        this.end(event.reason);
        return;
      default: {
        const timestamp = Date.now();
        for (const [name, value] of scalarsOf(event)) {
          const metric = { key: metricKey(name), value: metricValue(value), timestamp, step: this.step };
          this.outbox.push({ kind: 'metric', metric });
        }
      }
    }
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    if (!this.ended) this.end('the run stopped before its end');
    await this.outbox.close();
  }

  private end(reason: string): void {
    this.ended = true;
    if (this.lines.length > 0) {
      this.outbox.push({ kind: 'artifact', path: 'messages.txt', bytes: Buffer.from(this.lines.join('')) });
    }
    const status = reason === DONE ? 'FINISHED' : 'FAILED';
    this.outbox.push({ kind: 'end', status, time: Date.now(), reason });
  }

  private say(line: string): void {
    if (this.lines.length < MOST_LINES) this.lines.push(`${line}\n`);
  }

  private async deliver(items: readonly Sent[], signal: AbortSignal): Promise<number> {
    try {
      this.run ??= await this.begin(signal);
      return await this.send(this.run, items, signal);
    } catch (error) {
      throw asFailure(error);
    }
  }

  /** The experiment, made if it is not there, and a run in it; a resumed run goes on with its own. */
  private async begin(signal: AbortSignal): Promise<ServerRun> {
    const { env, run } = this.context;
    const experiment = await this.experiment(env.MLFLOW_EXPERIMENT_NAME || DEFAULT_EXPERIMENT, signal);
    const tags = [
      { key: RUN_TAG, value: run.id },
      { key: 'mlflow.source.name', value: 'neurodex' },
    ];
    const found = await this.client.post(
      'runs/search',
      { experiment_ids: [experiment], filter: `tags.\`${RUN_TAG}\` = '${run.id}'`, max_results: 1 },
      signal,
    );
    const runs = valueAt(found, 'runs');
    const earlier = Array.isArray(runs) ? runOf(runs[0]) : undefined;
    if (earlier !== undefined) {
      await this.client.post('runs/update', { run_id: earlier.id, status: 'RUNNING' }, signal);
      return earlier;
    }
    const body = { experiment_id: experiment, run_name: run.name, start_time: Date.parse(run.started), tags };
    const made = runOf(valueAt(await this.client.post('runs/create', body, signal), 'run'));
    if (made === undefined) throw notMlflow();
    return made;
  }

  private async experiment(name: string, signal: AbortSignal): Promise<string> {
    const byName = async (): Promise<string | undefined> => {
      try {
        const found = await this.client.get('experiments/get-by-name', { experiment_name: name }, signal);
        return textAt(valueAt(found, 'experiment'), 'experiment_id');
      } catch (error) {
        if (error instanceof MlflowRefusal && error.code === 'RESOURCE_DOES_NOT_EXIST') return undefined;
        throw error;
      }
    };
    const found = await byName();
    if (found !== undefined) return found;
    try {
      const made = await this.client.post('experiments/create', { name }, signal);
      const id = textAt(made, 'experiment_id');
      if (id === undefined) throw notMlflow();
      return id;
    } catch (error) {
      // Somebody else made it in the meantime.
      const theirs = await byName();
      if (theirs === undefined) throw error;
      return theirs;
    }
  }

  private async send(run: ServerRun, items: readonly Sent[], signal: AbortSignal): Promise<number> {
    const [first] = items;
    if (first === undefined) return 0;
    switch (first.kind) {
      case 'metric':
      case 'param': {
        const most = first.kind === 'metric' ? MOST_METRICS : MOST_PARAMS;
        const same = leading(items, first.kind, most);
        const metrics = same.flatMap((item) => (item.kind === 'metric' ? [item.metric] : []));
        const params = same.flatMap((item) => (item.kind === 'param' ? [{ key: item.key, value: item.value }] : []));
        await this.client.post('runs/log-batch', { run_id: run.id, metrics, params }, signal);
        return same.length;
      }
      case 'artifact':
        if (run.artifacts?.startsWith('mlflow-artifacts:')) {
          await this.client.putArtifact(run.artifacts, first.path, first.bytes, signal);
        } else if (!this.artifactsTold) {
          this.artifactsTold = true;
          this.context.reporter.info(
            'the MLflow server keeps no files itself (--serve-artifacts): pictures are left out',
          );
        }
        return 1;
      case 'end': {
        const { status, time, reason } = first;
        await this.client.post('runs/set-tag', { run_id: run.id, key: 'neurodex.end', value: reason }, signal);
        await this.client.post('runs/update', { run_id: run.id, status, end_time: time }, signal);
        return 1;
      }
    }
  }
}

const RUN_TAG = 'neurodex.run';

interface ServerRun {
  readonly id: string;
  /** Where its files go; undefined where the server does not say. */
  readonly artifacts: string | undefined;
}

const notMlflow = (): PermanentFailure => new PermanentFailure('what answers there is not an MLflow server');

const valueAt = (answer: unknown, key: string): unknown => (isRecord(answer) ? answer[key] : undefined);

function textAt(answer: unknown, key: string): string | undefined {
  const value = valueAt(answer, key);
  return typeof value === 'string' ? value : undefined;
}

/** A run as the server describes it. */
function runOf(answer: unknown): ServerRun | undefined {
  const info = valueAt(answer, 'info');
  const id = textAt(info, 'run_id');
  return id === undefined ? undefined : { id, artifacts: textAt(info, 'artifact_uri') };
}

function leading(items: readonly Sent[], kind: Sent['kind'], most: number): Sent[] {
  const end = items.findIndex((item, i) => i >= most || item.kind !== kind);
  return items.slice(0, end === -1 ? items.length : end);
}

/** Names on the server have letters, digits, '_', '-', '.', ' ', ':' and '/': 'AP@10' becomes 'AP_at_10'. */
const metricKey = (name: string): string => name.replaceAll('@', '_at_').replaceAll(/[^\w\-. /]/g, '_');

/** Numbers that JSON has no words for, as protobuf's JSON writes them. */
const metricValue = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** The configuration key by key, the data set and the seed. */
function paramsOf({ config, dataset, seed }: Extract<TrackedEvent, { kind: 'start' }>): [string, string][] {
  const params: [string, string][] = [];
  const add = (path: string, value: unknown, depth: number): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < 4) {
      for (const [key, inner] of Object.entries(value)) add(path === '' ? key : `${path}.${key}`, inner, depth + 1);
    } else {
      const text = typeof value === 'string' ? value : safeJson(value);
      params.push([metricKey(path), text.slice(0, MOST_VALUE)]);
    }
  };
  add('', config, 0);
  add('dataset', dataset, 1);
  params.push(['seed', String(seed)]);
  return params;
}
