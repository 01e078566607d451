import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomically } from '@neurodex/core/storage';
import { atLeast, atMost, type Benchmark } from './benchmark.ts';
import { fashionDistractors, fashionFolder, fashionMissing } from './fashion-files.ts';
import { type Built, build, measure } from './write-sides.ts';

/** Catalogues: the one that is judged, one of a quarter for growth, and a small one for the time of a query. */
const [LARGE, MIDDLE, SMALL] = [60_000, 15_000, 100];
const QUERIES = 1000;
/** Of the one that is judged, where none are asked for. */
const MINUTES = 9;
/** Steps that the smaller ones see for: their time is not looked at. */
const FEW_STEPS = 50;

type Measured = Awaited<ReturnType<typeof measure>>;
interface Made {
  readonly built: Built;
  readonly measured: Measured;
}

export const benchmark: Benchmark = {
  name: 'write',
  description:
    'an index of 60,000 pictures of Fashion-MNIST in 15 minutes: its time by stage, memory, quality, searches, and usearch beside it',
  flags: {
    sizes: { type: 'string' },
    minutes: { type: 'string' },
    out: { type: 'string', default: 'runs/write' },
    set: { type: 'string', multiple: true, default: [] },
  },
  async run({ flags, log }) {
    const missing = fashionMissing();
    if (missing !== undefined) return { sides: { neurodex: { missing } }, ratios: {}, targets: [] };
    const out = resolve(String(flags.out));
    const asked = [flags.set ?? []].flat().map(String);
    const made = async (N: number, settings: readonly string[]): Promise<Made> => {
      const folder = join(out, String(N));
      await mkdir(folder, { recursive: true });
      const all = [...SIZES, ...settings, ...asked];
      const figures = join(folder, 'figures.json');
      const known = await finished(figures, all);
      log(`${N} pictures${known === undefined ? '' : ': the figures are there already'}`);
      if (known !== undefined) return known;
      const source = await sourceOf(folder, N);
      const index = join(folder, 'index');
      const built = await build(source, index, 'default', all, log);
      // Cosines of their pixels would take 9 GB for a million pictures.
      const measured = await measure(index, N > LARGE ? ['dsi'] : ['dsi', 'pixels']);
      await writeFileAtomically(figures, JSON.stringify({ settings: all, made: { built, measured } }));
      return { built, measured };
    };
    const budget = flags.minutes === undefined ? [] : [`training.minutes=${String(flags.minutes)}`];
    if (flags.sizes !== undefined) {
      const all: Made[] = [];
      for (const N of String(flags.sizes).split(',').map(Number)) all.push(await made(N, budget));
      return { sides: sidesOf(all), ratios: {}, targets: all.flatMap(targetsOfMany) };
    }
    const small = await made(SMALL, [`training.seeSteps=${FEW_STEPS}`]);
    const middle = await made(MIDDLE, [`training.seeSteps=${FEW_STEPS}`]);
    const one = await made(LARGE, budget.length > 0 ? budget : [`training.minutes=${MINUTES}`]);
    return {
      sides: sidesOf([small, middle, one]),
      ratios: {
        [`seconds without see, ${one.built.catalogue} / ${middle.built.catalogue}`]:
          withoutSee(one.built) / withoutSee(middle.built),
        [`milliseconds of a query, ${one.built.catalogue} / ${small.built.catalogue}`]:
          one.measured.queryMs / small.measured.queryMs,
      },
      targets: targetsOf(one, middle.built, small.measured),
    };
  },
};

/** The figures of a size that an earlier run has finished with the same settings: a run of a million can be stopped. */
async function finished(file: string, settings: readonly string[]): Promise<Made | undefined> {
  if (!existsSync(file)) return undefined;
  const known = JSON.parse(await readFile(file, 'utf8')) as {
    readonly settings: readonly string[];
    readonly made: Made;
  };
  return JSON.stringify(known.settings) === JSON.stringify(settings) ? known.made : undefined;
}

/** A folder with fixed roles; with more pictures than there are, a file of distractors. */
async function sourceOf(folder: string, N: number): Promise<string> {
  if (N > LARGE) return await fashionDistractors(folder, N);
  await fashionFolder(folder, N, QUERIES);
  return join(folder, 'pictures');
}

/** About as large as they are, 28 × 28, in patches that leave P = 16. */
const SIZES = ['pictures.size=32', 'model.patchSize=16'];

const withoutSee = ({ seconds, stages }: Built): number => seconds - (stages.see ?? 0);
const of = (measured: Measured, system: string, measure: string): number => measured.metrics[system]?.[measure] ?? 0;

const sidesOf = (all: readonly Made[]) =>
  Object.fromEntries(all.map(({ built, measured }) => [`${built.catalogue} pictures`, { ...built, ...measured }]));

const MILLION = 1_000_000;
function targetsOfMany({ built, measured }: Made) {
  if (built.catalogue < MILLION) return [];
  return [
    atMost('hours from files to an index of a million pictures', built.seconds / 3600, 3),
    atMost('GiB of memory at the most', built.peakMiB / 1024, 4),
    atLeast('IA@1', measured['IA@1'], 0.95),
  ];
}

function targetsOf({ built, measured }: Made, middle: Built, small: Measured) {
  const { identify = 0, write = 0 } = built.stages;
  return [
    atMost('minutes from files to an index', built.seconds / 60, 15),
    atMost('GiB of memory at the most', built.peakMiB / 1024, 1.5),
    atLeast('share of the cores that are busy', built.busy, 0.85),
    atLeast('IA@1', measured['IA@1'], 0.98),
    atLeast('P@10', of(measured, 'dsi', 'P@10'), 0.87),
    atLeast('Success@1', of(measured, 'dsi', 'Success@1'), 0.87),
    atMost('p that P@10 is not above that of pixels', measured.pixelsP, 0.05),
    atMost(
      'P@10 of exact nearest neighbours less P@10',
      of(measured, 'exact', 'P@10') - of(measured, 'dsi', 'P@10'),
      0.01,
    ),
    atLeast('pictures a second that are named, stored and written', built.catalogue / (identify + write), 1000),
    atMost(
      `seconds without see, ${built.catalogue} / ${middle.catalogue}`,
      withoutSee(built) / withoutSee(middle),
      4.2,
    ),
    atMost(`milliseconds of a query, ${built.catalogue} / ${SMALL}`, measured.queryMs / small.queryMs, 3),
    atMost('milliseconds to open the index', measured.openMs, 300),
  ];
}
