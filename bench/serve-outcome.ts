import { atLeast, atMost, type Outcome, ratio, type Side } from './benchmark.ts';
import { processesMissing } from './processes.ts';
import { CONNECTIONS, DECODING, encoderSide, PROCESSES, serverSide, type Turned } from './serve-sides.ts';
import { median, type Summary } from './statistics.ts';

/** Connections of the targets. */
const LOADED = 64;

/** What a side gave over the rounds. */
interface Measured {
  readonly rate: number;
  readonly all: readonly number[];
  /** Medians. */
  readonly figures: Readonly<Record<string, number>>;
}

function measuredOf({ median: rate, all }: Summary, turned: readonly Turned[]): Measured {
  const names = Object.keys(turned[0]?.figures ?? {});
  const figures = names.map((name) => [name, median(turned.map((turn) => turn.figures[name] ?? Number.NaN))]);
  return { rate, all, figures: Object.fromEntries(figures) };
}

const best = (sides: readonly Measured[]): Measured | undefined =>
  sides.reduce<Measured | undefined>((before, side) => ((before?.rate ?? 0) >= side.rate ? before : side), undefined);

/** Processor milliseconds of a query; with those of the client, which takes them from the same cores. */
function processorTime(side: Measured | undefined, withClient = false): number | undefined {
  const { processorMilliseconds, clientProcessorMilliseconds = 0 } = side?.figures ?? {};
  if (processorMilliseconds === undefined || !withClient) return processorMilliseconds;
  return processorMilliseconds + clientProcessorMilliseconds;
}

/** @param turned what each side gave in its turns */
export function outcomeOf(
  summaries: Readonly<Record<string, Summary>>,
  turned: Readonly<Record<string, readonly Turned[]>>,
  catalogue: number,
): Outcome {
  const measured = Object.entries(summaries).map(
    ([name, summary]) => [name, measuredOf(summary, turned[name] ?? [])] as const,
  );
  const named = (names: readonly string[]) =>
    best(measured.flatMap(([name, side]) => (names.includes(name) ? [side] : [])));
  const alone = named([encoderSide('spin'), encoderSide('sleep')]);
  const without = best(measured.flatMap(([name, side]) => (name.startsWith(DECODING) ? [side] : [])));
  const processes = Object.keys(PROCESSES);
  const loaded = named(processes.map((name) => serverSide(name, LOADED)));
  const ratios = processes.map((name) => {
    const any = named(CONNECTIONS.map((connections) => serverSide(name, connections)));
    const server = named([serverSide(name, LOADED)]);
    const time = processorTime(without);
    return {
      [`${name} / encoder alone`]: ratio(any?.rate, alone?.rate),
      [`${name}, ${LOADED} / ${DECODING}`]: ratio(server?.rate, without?.rate),
      [`processor time, ${DECODING} / ${name}, ${LOADED}`]: ratio(time, processorTime(server)),
      [`processor time, ${DECODING} / ${name}, ${LOADED}, with its client`]: ratio(time, processorTime(server, true)),
    };
  });
  const missing = processesMissing();
  return {
    sides: {
      ...Object.fromEntries(
        measured.map(([name, { rate, all, figures }]): [string, Side] => [
          name,
          { queriesPerSecond: rate, all, ...figures, catalogue },
        ]),
      ),
      ...(missing === undefined ? {} : { 'processor time of the server': { missing } }),
    },
    ratios: Object.assign({}, ...ratios),
    targets: [
      atLeast(`server at ${LOADED} connections / ${DECODING} on all cores`, ratio(loaded?.rate, without?.rate), 0.95),
      atMost(`p99 in milliseconds at ${LOADED} connections`, loaded?.figures.p99Milliseconds ?? null, 250),
    ],
  };
}
