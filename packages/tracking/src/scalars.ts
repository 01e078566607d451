import type { Task, TrackedEvent } from './tracker.ts';

/** A number of a run by the name that trackers show it under. */
export type Scalar = readonly [name: string, value: number];

/** The numbers of an event, by names that are the same in every tracker: 'train/loss', 'validation/AP@10' … */
export function scalarsOf(event: TrackedEvent): Scalar[] {
  switch (event.kind) {
    case 'step':
      return [
        ['train/loss', event.loss],
        ['train/token_accuracy', event.tokenAccuracy],
        ['train/learning_rate', event.learningRate],
        ['train/gradient_norm', event.gradientNorm],
        ['train/pictures_per_second', event.picturesPerSecond],
        ['train/step_seconds', event.seconds],
      ];
    case 'validation':
      return Object.entries(event.metrics).map(([name, value]) => [`validation/${name}`, value] as const);
    case 'evaluation':
      return numbersIn(event.metrics, 'evaluation', new Set());
    default:
      return [];
  }
}

/** Numbers of nested objects by their path; `systems` only groups. An object inside itself is not followed. */
function numbersIn(value: unknown, path: string, above: ReadonlySet<unknown>): Scalar[] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null || above.has(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    numbersIn(inner, key === 'systems' ? path : `${path}/${key}`, new Set([...above, value])),
  );
}

/** Which task a measure is a figure of: indexing accuracy is of what was memorised, every other one of what is found. */
export const taskOfMetric = (name: string): Task => (/(^|\/)IA@/.test(name) ? 'indexing' : 'retrieval');

/** The tasks that a phase trains. */
export function tasksOfPhase(phase: string): readonly Task[] {
  if (phase === 'indexing' || phase === 'retrieval') return [phase];
  return ['indexing', 'retrieval'];
}

/** JSON of anything: what JSON has no word for becomes its text, and an object inside itself is named as such. */
export function safeJson(value: unknown, indent?: number): string {
  const above: unknown[] = [];
  const replace = function (this: unknown, _key: string, inner: unknown): unknown {
    if (typeof inner === 'bigint') return inner.toString();
    if (typeof inner === 'number' && !Number.isFinite(inner)) return String(inner);
    if (typeof inner !== 'object' || inner === null) return inner;
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (above.includes(inner)) return '[circular]';
    above.push(inner);
    return inner;
  };
  return JSON.stringify(value, replace, indent) ?? 'null';
}
