import type { BuildPlan } from '../build/plan.ts';
import { formatBytes, formatSeconds, plural, queriesLine } from './format.ts';

const orUnknown = (value: number | null, show: (value: number) => string): string =>
  value === null ? '–' : show(value);

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, each) => total + (each ?? 0), 0);

/** A plan as a table, a stage to a line. */
export function planLines({ pictures, parameters, steps, stages }: BuildPlan): string[] {
  const { catalogue, train, validation, test } = pictures;
  const width = Math.max(...stages.map(({ name }) => name.length));
  return [
    `catalogue   ${plural(catalogue, 'picture')}`,
    queriesLine({ train, validation, test }),
    ...(parameters > 0 ? [`network     ${plural(parameters, 'parameter')}, ${plural(steps, 'step')}`] : []),
    '',
    ...stages.map(({ name, summary, bytes, seconds }) =>
      [
        name.padEnd(width),
        orUnknown(seconds, formatSeconds).padStart(11),
        orUnknown(bytes, formatBytes).padStart(9),
        ` ${summary}`,
      ].join('  '),
    ),
    '',
    'Times and sizes are estimates; – is known only once the work is done.',
  ];
}

/** A plan as one sentence, before the work begins. */
export function planSentence({ pictures, steps, stages }: BuildPlan): string {
  const { catalogue, train, validation, test } = pictures;
  const all = plural(catalogue + train + validation + test, 'picture');
  const training = steps > 0 ? `, ${plural(steps, 'training step')}` : '';
  const seconds = sum(stages.map((stage) => stage.seconds));
  const bytes = sum(stages.map((stage) => stage.bytes));
  // Of an encoder that is downloaded first, nothing is known.
  const about = stages.some(({ name, seconds: known }) => name === 'embed' && known === null) ? 'more than' : 'about';
  return `plan: ${stages.map(({ name }) => name).join(' → ')}; ${all}${training}; ${about} ${formatSeconds(Math.max(1, seconds))} and ${formatBytes(Math.round(bytes))}`;
}
