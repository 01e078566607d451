import { basename, resolve } from 'node:path';
import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { captionOf } from '@neurodex/core';
import { listInFolder, refuseForeignFile, writeMarkedFile } from '@neurodex/core/storage';
import type { ROLES } from '@neurodex/datasets';
import { libvips } from '@neurodex/datasets/image';
import type { TrackedEvent } from '@neurodex/tracking';
import { eventsOf } from '@neurodex/tracking';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { AttentionProbe, hasPlaces } from '../dsi/search/attention-probe.ts';
import { evaluateInFull } from '../evaluation/compare.ts';
import { LEVEL, testPairs } from '../evaluation/pairwise.ts';
import { queriesOf } from '../evaluation/queries.ts';
import type { ParsedMeasure } from '../evaluation/registry.ts';
import { NO_DUPLICATES } from '../pictures/duplicate-facts.ts';
import { countParts, type PictureStore } from '../pictures/picture-store.ts';
import type { SystemName } from '../query/system.ts';
import { type CurveSeries, curveSeries } from '../report/curve-series.ts';
import { decodingTree } from '../report/decoding-tree.ts';
import type { ClassBalance, Decoded, Example, ReportFacts, ReportPictures } from '../report/facts.ts';
import { htmlReport } from '../report/html-report.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import type { Split } from './evaluate-index.ts';
import { measureProbabilities } from './measure-probabilities.ts';
import { defaultTexts, LongCaptions, measureTexts, pictureSystems, type TextPlan } from './measure-texts.ts';
import { ReportAnswers } from './report-answers.ts';

/** Edge of a picture in the page, in pixels: sharp enough on a screen with two dots to a pixel. */
const THUMBNAIL = 128;

export interface ReportOptions {
  readonly index: string;
  /** HTML file to write. */
  readonly out: string;
  /** All by default; examples are chosen by the first. */
  readonly systems?: readonly SystemName[];
  readonly split: Split;
  readonly measures?: readonly ParsedMeasure[];
  /** Of the intervals and the tests; 0 by default. */
  readonly seed?: number;
  readonly device: Device;
  readonly reporter: Reporter;
}

/** What `report --json` prints. */
export interface WrittenReport extends ReportFacts {
  /** The file. */
  readonly report: string;
}

/**
 * Writes all there is to see of an index as one self-contained HTML page.
 * @throws NeurodexError of the index, `usage` for an empty split, `output-exists` for a file that is no report,
 *   `output-unwritable`, `disk-full`
 */
export async function writeReport({ out, device, reporter, ...options }: ReportOptions): Promise<WrittenReport> {
  await refuseForeignFile(out);
  const runtime = nodeRuntime({ device });
  const long = new LongCaptions();
  const index = await openIndex(options.index, runtime, reporter, long);
  try {
    const { systems, split, measures, seed } = options;
    const plan = defaultTexts(index, { systems, split, measures });
    const network = index.systems.includes('dsi') ? await index.network() : undefined;
    const answers = new ReportAnswers(index.store);
    const ofPictures = await factsOf(index, { ...options, reporter, plan }, answers, async (examples) => {
      if (network === undefined || !hasPlaces(network.model)) return [];
      const probe = await AttentionProbe.create(runtime, network.model, network.table);
      return await decode(index, answers, examples, probe);
    });
    const asked = pictureSystems(index, systems, plan);
    const asking = { long, reporter, ...(seed === undefined ? {} : { seed }) };
    const facts = {
      ...ofPictures,
      relevance: await measureProbabilities(index, asked, queriesOf(index.store, split), reporter),
      ...(plan === undefined ? {} : { text: await measureTexts(index, plan, asking) }),
    };
    const page = htmlReport(facts, await picturesOf(index, options.split, facts.examples, patchSizeOf(network?.model)));
    await writeMarkedFile(out, page);
    // In the index itself, it is replaced with it.
    await listInFolder(resolve(out));
    return { report: resolve(out), ...facts };
  } finally {
    await index.close();
  }
}

export interface MeasureOptions {
  readonly index: string;
  /** Of the version that it must be (`OpenOptions.digest`). */
  readonly digest?: string | undefined;
  readonly device: Device;
  /** Threads of ONNX Runtime; all cores by default. */
  readonly threads?: number;
  readonly reporter: Reporter;
}

/** An index measured: the facts of its report without the examples, and the learning curve's points. */
export interface MeasuredIndex extends Omit<ReportFacts, 'split' | 'relevance' | 'examples' | 'decoded'> {
  readonly split: Split;
  readonly learning: CurveSeries;
}

/**
 * Measures an index as `writeReport` does, without a page: on its test queries, or on those of validation where it has no
 * others.
 * @throws NeurodexError of the index, `usage` where there is no query
 */
export async function measureIndex({
  index: folder,
  digest,
  device,
  threads,
  reporter,
}: MeasureOptions): Promise<MeasuredIndex> {
  const index = await openIndex(
    folder,
    nodeRuntime({ device, ...(threads === undefined ? {} : { threads }) }),
    reporter,
    { digest },
  );
  try {
    const split = queriesOf(index.store, 'test').length > 0 ? 'test' : 'validation';
    const answers = new ReportAnswers(index.store);
    const {
      examples: _,
      decoded: __,
      ...facts
    } = await factsOf(index, { index: folder, split, reporter }, answers, async () => []);
    return { ...facts, split, learning: curveSeries(await readEvents(index)) };
  } finally {
    await index.close();
  }
}

/** Undefined where the network reads no patches of pixels. */
const patchSizeOf = (model: DsiModel | undefined): number | undefined =>
  model?.geometry.input === 'pixels' ? model.geometry.patchSize : undefined;

async function factsOf(
  index: Index,
  {
    systems: named,
    plan,
    split,
    measures,
    seed = 0,
    reporter,
  }: Omit<ReportOptions, 'out' | 'device'> & { readonly plan?: TextPlan | undefined },
  answers: ReportAnswers,
  decodeExamples: (examples: readonly Example[]) => Promise<Decoded[]>,
): Promise<Omit<ReportFacts, 'relevance'>> {
  const { store, manifest } = index;
  const systems = pictureSystems(index, named, plan);
  const counts = countParts(store);
  const { comparison, evaluations } = await evaluateInFull({
    store,
    queries: queriesOf(store, split),
    systems: await Promise.all(systems.map((name) => index.system(name))),
    seed,
    reporter,
    onRanking: (system, query, ranking) => answers.add(system, query, ranking),
    ...(measures === undefined ? {} : { measures }),
  });
  const examples = answers.examples();
  return {
    index: basename(resolve(index.folder)),
    created: manifest.created,
    neurodex: manifest.neurodex,
    seed: manifest.seed,
    dataset: manifest.dataset,
    parameters: manifest.model?.parameters ?? null,
    training: manifest.training ?? null,
    config: manifest.config,
    pictures: {
      catalogue: counts.catalogue ?? 0,
      train: counts.train ?? 0,
      validation: counts.validation ?? 0,
      test: counts.test ?? 0,
    },
    skipped: store.skipped.length,
    duplicates: store.duplicates ?? NO_DUPLICATES,
    balance: balanceOf(store),
    split,
    evaluation: comparison,
    tests: testPairs(evaluations, { seed, reporter }),
    level: LEVEL,
    curves: answers.curves(),
    confusion: answers.confusion(),
    examples,
    decoded: await decodeExamples(examples),
    notices: store.notices,
  };
}

function balanceOf({ rows: pictures }: PictureStore): ClassBalance[] {
  const classes = new Map<string, Record<(typeof ROLES)[number], number>>();
  for (const { labels, role } of pictures) {
    for (const label of labels) {
      const counts = classes.get(label) ?? { catalogue: 0, train: 0, validation: 0, test: 0 };
      counts[role]++;
      classes.set(label, counts);
    }
  }
  return [...classes].map(([label, counts]) => ({ label, ...counts }));
}

/** The best and the worst example, as the DSI decodes them. */
async function decode(
  { store: catalogue, ...index }: Index,
  answers: ReportAnswers,
  examples: readonly Example[],
  probe: AttentionProbe,
): Promise<Decoded[]> {
  try {
    const decoded: Decoded[] = [];
    for (const example of new Set([0, examples.length - 1])) {
      const query = answers.query(examples[example]?.query ?? '');
      const [ranked = []] = await (await index.system('dsi')).rank([query], catalogue.catalogue.length);
      const identifier = catalogue.rows[ranked[0]?.row ?? -1]?.identifier ?? '';
      const nameOf = (row: number): string => captionOf(catalogue.rows[row]);
      decoded.push({
        example,
        tree: decodingTree(index.trie(), ranked, { nameOf }),
        identifier,
        attention: await probe.look(await index.input(query), identifier),
      });
    }
    return decoded;
  } finally {
    await probe.release();
  }
}

async function picturesOf(
  index: Index,
  split: Split,
  examples: readonly Example[],
  patchSize: number | undefined,
): Promise<ReportPictures> {
  const { store: catalogue } = index;
  const rows = [
    ...new Set(
      examples.flatMap(({ row, systems }) => [
        row,
        ...Object.values(systems).flatMap(({ answers }) => answers.map((answer) => answer.row)),
      ]),
    ),
  ];
  const thumbnails = new Map<number, Uint8Array>();
  for (const row of rows) {
    thumbnails.set(
      row,
      await libvips()(await catalogue.png(row))
        .resize(THUMBNAIL, THUMBNAIL)
        .flatten({ background: '#fff' })
        .jpeg({ quality: 80 })
        .toBuffer(),
    );
  }
  const shown = new Set(examples.map(({ query }) => query));
  const queries = new Map<string, Uint8Array>();
  const raw = { width: catalogue.size, height: catalogue.size, channels: 3 as const };
  for (const { name, pixels } of queriesOf(catalogue, split)) {
    if (shown.has(name)) queries.set(name, await libvips()(pixels, { raw }).png().toBuffer());
  }
  return {
    learning: curveSeries(await readEvents(index)),
    thumbnail: (row) => thumbnails.get(row) ?? new Uint8Array(),
    modelPicture: (query) => queries.get(query) ?? new Uint8Array(),
    size: catalogue.size,
    patchSize: patchSize ?? catalogue.size,
  };
}

/** The run log as far as it can be read: an index without it can be reported as well. */
async function readEvents(index: Index): Promise<TrackedEvent[]> {
  return eventsOf(await index.log());
}
