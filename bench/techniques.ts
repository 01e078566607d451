import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import type { Dataset, Role, SourcePicture } from '@neurodex/datasets';
import { z } from 'zod';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { evaluateSystems } from '../packages/neurodex/src/evaluation/compare.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { parseMeasure } from '../packages/neurodex/src/evaluation/registry.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { openSource } from '../packages/neurodex/src/jobs/open-source.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import type { Benchmark } from './benchmark.ts';

const MEASURES = ['IA@1', 'P@10', 'AP@10'] as const;
const metricsSchema = z.record(z.enum(MEASURES), z.number());
type Metrics = Readonly<z.infer<typeof metricsSchema>>;

/** A small network and few steps, so that a difference costs a minute and not an hour. */
const BASE = [
  'pictures.size=28',
  'model.patchSize=4',
  'model.width=64',
  'model.feedForwardWidth=128',
  'model.heads=2',
  'training.batchSize=32',
  'training.validateEvery=100000',
  'training.checkpointEvery=100000',
  'identifiers.order=random',
];

const EIGHTH = 'training.retrievalShare=0.875';
const SIXTEENTH = 'training.retrievalShare=0.9375';

/** What is changed, one thing at a time. */
const TECHNIQUES = {
  'as the preset joint': [],
  'one output matrix for all prefixes': ['model.output=shared'],
  'one output matrix, own identifier asked for as its class-mates': [
    'model.output=shared',
    'training.selfTargetWeight=0',
  ],
  'two sampled identifiers instead of the whole set': [
    'training.multiTargetMaxSize=0',
    'training.identifiersPerQuery=2',
  ],
  'eight sampled identifiers instead of the whole set': [
    'training.multiTargetMaxSize=0',
    'training.identifiersPerQuery=8',
  ],
  'indexing, then retrieval': [
    'training.plan=sequential',
    'training.multiTargetMaxSize=0',
    'training.indexingEpochs=98.5',
    'training.retrievalEpochs=6',
  ],
  'half of the batch indexing': ['training.retrievalShare=0.5'],
  'an eighth of the batch indexing': [EIGHTH],
  'a sixteenth of the batch indexing': [SIXTEENTH],
  'a sixteenth, own share 0.5': [SIXTEENTH, 'training.selfTargetWeight=0.5'],
  'a sixteenth, own share 0.2': [SIXTEENTH, 'training.selfTargetWeight=0.2'],
  'a sixteenth, own share 0.2, clustered': [SIXTEENTH, 'training.selfTargetWeight=0.2', 'identifiers.order=clustered'],
  'a sixteenth, dropout 0.1': [SIXTEENTH, 'model.dropout=0.1'],
  'a sixteenth, stronger colours and erasing': [SIXTEENTH, 'augmentation.colour=0.4', 'augmentation.erase=0.3'],
  'a sixteenth, fewer queries shown as they are': [SIXTEENTH, 'augmentation.clean=0.1'],
  'an eighth, a fifth of the queries from the catalogue': [EIGHTH, 'training.selfQueryFraction=0.2'],
  'an eighth, linear stem': [EIGHTH, 'model.stem=linear'],
  'no catalogue pictures as queries': ['training.selfQueryFraction=0'],
  'no augmentation': ['augmentation.retrieval=0'],
  'no query shown as it is': ['augmentation.clean=0'],
  'digits trained against all tokens': ['training.multiTargetMaxSize=0', 'training.trieMasking=false'],
  'clustered identifiers': ['identifiers.order=clustered'],
  'causal attention among patches': ['model.attention=causal'],
  'twice the width': ['model.width=128', 'model.feedForwardWidth=256', 'model.heads=4'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Pictures of each class: those of the size 512, but for the test queries, of which there are enough to see differences. */
const countsOf = (catalogue: number): readonly (readonly [Role, number])[] => [
  ['catalogue', catalogue],
  ['train', Math.round(2.5 * catalogue)],
  ['validation', 2],
  ['test', 100],
];

export const benchmark: Benchmark = {
  name: 'techniques',
  description:
    'what each way of training gives: one thing changed at a time, on 130 catalogue pictures of Fashion-MNIST',
  flags: {
    steps: { type: 'string', default: '800' },
    seeds: { type: 'string', default: '0' },
    catalogue: { type: 'string', default: '13' },
    only: { type: 'string', multiple: true, default: [] },
  },
  async run({ flags, log }) {
    const steps = Number(flags.steps);
    const only = [flags.only ?? []].flat().map(String);
    const unknown = only.find((name) => !Object.hasOwn(TECHNIQUES, name));
    if (unknown !== undefined) throw new Error(`--only ${unknown} is none of: ${Object.keys(TECHNIQUES).join('; ')}`);
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-techniques-'));
    const sides: Record<string, Record<string, Metrics & { seconds: number }>> = {};
    try {
      for (const seed of String(flags.seeds).split(',').map(Number)) {
        for (const [name, settings] of Object.entries(TECHNIQUES)) {
          if (only.length > 0 && !only.includes(name)) continue;
          const metrics = await measure(join(folder, 'index'), {
            steps,
            seed,
            settings,
            perClass: Number(flags.catalogue),
          });
          sides[name] = { ...sides[name], [`seed ${seed}`]: metrics };
          log(`${name}: ${MEASURES.map((measure) => `${measure} ${metrics[measure].toFixed(3)}`).join(', ')}`);
        }
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return { sides, ratios: {}, targets: [] };
  },
};

async function measure(
  out: string,
  {
    steps,
    seed,
    settings,
    perClass,
  }: { readonly steps: number; readonly seed: number; readonly settings: readonly string[]; readonly perClass: number },
): Promise<Metrics & { seconds: number }> {
  const base = await resolveConfiguration({ preset: 'joint', settings: [...BASE, ...settings], cwd: process.cwd() });
  const { plan, batchSize, retrievalShare } = base.training;
  // A pass is over the catalogue; of a joint batch, only the indexing part counts towards it.
  const perStep = plan === 'joint' ? Math.max(1, batchSize - Math.round(batchSize * retrievalShare)) : batchSize;
  const indexingEpochs = plan === 'joint' ? (steps * perStep) / (10 * perClass) : base.training.indexingEpochs;
  const config = { ...base, training: { ...base.training, indexingEpochs } };
  const { seconds } = await createIndex({
    dataset: await pictures(config, seed, perClass),
    out,
    config,
    systems: ['dsi'],
    seed,
    force: true,
    device: 'cpu',
    reporter: silentReporter,
  });
  const index = await openIndex(out, nodeRuntime());
  try {
    const { systems } = await evaluateSystems({
      systems: [await index.system('dsi')],
      store: index.store,
      queries: queriesOf(index.store, 'test'),
      measures: MEASURES.map(parseMeasure),
    });
    return { ...metricsSchema.parse(systems.dsi), seconds };
  } finally {
    await index.close();
  }
}

async function pictures(
  config: Parameters<typeof openSource>[0]['config'],
  seed: number,
  perClass: number,
): Promise<Dataset> {
  const { dataset } = await openSource({
    source: 'fashion-mnist',
    path: join(process.cwd(), 'fashion-mnist'),
    config,
    seed,
    environment: process.env,
    reporter: silentReporter,
  });
  const roles = countsOf(perClass).flatMap(([role, count]) => Array.from({ length: count }, () => role));
  const taken = new Map<string, number>();
  const chosen: SourcePicture[] = [];
  for (const picture of Random.stream(seed, 'techniques').shuffled(dataset.pictures)) {
    const label = picture.labels[0] ?? '';
    const number = taken.get(label) ?? 0;
    const role = roles[number];
    if (role === undefined) continue;
    taken.set(label, number + 1);
    chosen.push({ ...picture, role });
  }
  return { ...dataset, pictures: chosen };
}
