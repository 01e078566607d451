import { join, resolve } from 'node:path';
import { defined, NeurodexError } from '@neurodex/core';
import { LITE0 } from '../packages/neurodex/src/models/encoder/efficientnet/lite0.ts';
import type { SystemName } from '../packages/neurodex/src/query/system.ts';
import { atLeast, atMost, type Benchmark, ratio } from './benchmark.ts';
import { FOLDS, type Fold, MEASURES, type Measure, runFold } from './encoder-sides.ts';
import { photographsOfDebian, STAMPS } from './photographs.ts';

/**
 * Of both sides: pictures as large as the encoder takes them; no words, which are learned behind pictures and change nothing of them; and a
 * beam, where the catalogues are small enough to be searched exhaustively: it is to lose nothing.
 */
const BOTH = [`pictures.thumbnail=${LITE0.size}`, 'text.tokens=0', 'retrieval.exactUpTo=0'];
/** Of the side with the encoder. */
const ENCODER = ['encoder.file=efficientnet-lite0'];

export const benchmark: Benchmark = {
  name: 'encoders',
  description:
    'photographs in 19 classes, behind EfficientNet-Lite0 and without it: precision, and exact cosine beside it',
  flags: {
    out: { type: 'string', default: 'runs/encoders' },
    set: { type: 'string', multiple: true, default: [] },
  },
  async run({ flags, log }) {
    const out = resolve(String(flags.out));
    const photographs = await photographsOfDebian(join(out, STAMPS.package));
    if ('missing' in photographs) return { sides: { photographs }, ratios: {}, targets: targetsOf() };
    const asked = [flags.set ?? []].flat().map(String);
    const side = async (
      name: string,
      settings: readonly string[],
      systems: readonly SystemName[],
    ): Promise<Summary> => {
      const folds: Fold[] = [];
      for (let fold = 0; fold < FOLDS; fold++) {
        log(`${name}: part ${fold + 1} of ${FOLDS}`);
        folds.push(
          await runFold({
            folder: photographs.folder,
            out: join(out, name.replaceAll(' ', '-')),
            fold,
            settings: [...BOTH, ...settings, ...asked],
            systems,
          }),
        );
      }
      return summary(folds);
    };
    let behind: Summary;
    try {
      behind = await side('behind the encoder', ENCODER, ['dsi', 'encoder']);
    } catch (error) {
      if (!(error instanceof NeurodexError) || !/^(download|access|package)-/.test(error.code)) throw error;
      return { sides: { encoder: { missing: error.message } }, ratios: {}, targets: targetsOf() };
    }
    const without = await side('without', [], ['dsi', 'pixels']);
    const { folder: _, ...facts } = photographs;
    const { package: name, version, licence } = STAMPS;
    return {
      sides: {
        photographs: { package: name, version, licence, ...facts },
        'efficientnet-lite0': behind,
        'no encoder': without,
      },
      ratios: {
        'P@10, with / without': ratio(of(behind, 'dsi', 'P@10'), of(without, 'dsi', 'P@10')),
        'Success@1, with / without': ratio(of(behind, 'dsi', 'Success@1'), of(without, 'dsi', 'Success@1')),
        'P@10, dsi / exact cosine of the encoder’s own vectors': ratio(
          of(behind, 'dsi', 'P@10'),
          of(behind, 'encoder', 'P@10'),
        ),
      },
      targets: targetsOf(behind, without),
    };
  },
};

/** The means over all queries of all parts. */
interface Summary {
  readonly [figure: string]: unknown;
  /** By system and measure. */
  readonly metrics: Readonly<Record<string, Readonly<Partial<Record<Measure, number>>>>>;
}

function summary(folds: readonly Fold[]): Summary {
  const systems = Object.keys(defined(folds[0], 'a part').values);
  const meanOf = (system: string, measure: Measure): number | undefined => {
    const all = folds.flatMap(({ values }) => values[system]?.[measure] ?? []);
    return all.length === 0 ? undefined : all.reduce((sum, x) => sum + x, 0) / all.length;
  };
  const sum = (figure: 'queries' | 'seconds'): number => folds.reduce((all, fold) => all + fold[figure], 0);
  return {
    catalogues: folds.map(({ catalogue }) => catalogue),
    queries: sum('queries'),
    steps: folds.map(({ steps }) => steps),
    seconds: sum('seconds'),
    metrics: Object.fromEntries(
      systems.map((system) => {
        const measured = MEASURES.map((measure) => [measure, meanOf(system, measure)] as const);
        return [system, Object.fromEntries(measured.filter(([, value]) => value !== undefined))];
      }),
    ),
  };
}

const of = (side: Summary | undefined, system: string, measure: Measure): number | undefined =>
  side?.metrics[system]?.[measure];

/** The largest difference of two systems of a side in a measure of retrieval. */
function difference(side: Summary | undefined, measure: Measure): number | null {
  const [dsi, exact] = [of(side, 'dsi', measure), of(side, 'states', measure)];
  return dsi === undefined || exact === undefined ? null : Math.abs(exact - dsi);
}

const targetsOf = (behind?: Summary, without?: Summary) => [
  atLeast('P@10, with / without the encoder', ratio(of(behind, 'dsi', 'P@10'), of(without, 'dsi', 'P@10')), 1.5),
  atLeast(
    'Success@1, with / without the encoder',
    ratio(of(behind, 'dsi', 'Success@1'), of(without, 'dsi', 'Success@1')),
    1.5,
  ),
  atMost('difference in P@10 to exact cosine over the same states', difference(behind, 'P@10'), 0.01),
  atMost('difference in Success@1 to exact cosine over the same states', difference(behind, 'Success@1'), 0.01),
  atLeast('IA@1', of(behind, 'dsi', 'IA@1') ?? null, 0.98),
];
