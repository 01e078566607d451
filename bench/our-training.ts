import { nodeRuntime } from '@neurodex/autograd/node';
import { type Catalogue, withRole } from '../packages/neurodex/src/catalogue/catalogue.ts';
import type { Config } from '../packages/neurodex/src/config.ts';
import type { Geometry } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { NeurodexError } from '../packages/neurodex/src/errors.ts';
import { relevantRows } from '../packages/neurodex/src/evaluation/relevance.ts';
import { schemeOf } from '../packages/neurodex/src/identifiers/schemes.ts';
import { geometryFor } from '../packages/neurodex/src/jobs/train-network.ts';
import { Validator } from '../packages/neurodex/src/training/validator.ts';
import { silentReporter } from '../packages/neurodex/src/progress.ts';
import { trieOf } from '../packages/neurodex/src/retrieval/open.ts';
import type { Tracker } from '../packages/neurodex/src/tracking/tracker.ts';
import { retrievalQueries, selfQueries } from '../packages/neurodex/src/training/batch-maker.ts';
import { train } from '../packages/neurodex/src/training/loop.ts';
import { planTraining } from '../packages/neurodex/src/training/plan.ts';

export interface OurTraining {
  readonly geometry: Geometry;
  readonly parameters: Float32Array;
  readonly steps: number;
  /** Of everything between the pictures and the network: compiling, training and looking at the quality. */
  readonly seconds: number;
  /** At each look: steps, seconds so far, and the figures. */
  readonly course: readonly {
    readonly step: number;
    readonly seconds: number;
    readonly figures: Readonly<Record<string, number>>;
  }[];
}

/**
 * The product's own training on a catalogue in memory.
 * @param enough stops at the first look that has it
 */
export async function trainOurs(
  catalogue: Catalogue,
  config: Config,
  seed: number,
  enough: (figures: Readonly<Record<string, number>>) => boolean = () => false,
): Promise<OurTraining> {
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const runtime = nodeRuntime();
  const geometry = geometryFor(catalogue, config);
  const trie = trieOf(catalogue, { config });
  const relevant = (picture: Parameters<typeof relevantRows>[1]) => relevantRows(catalogue, picture);
  const queries = retrievalQueries(catalogue, relevant);
  const pairs = queries.reduce((n, example) => n + example.relevant.length, 0);
  const phases = planTraining(config, { catalogue: withRole(catalogue, 'catalogue').length, pairs });
  const validator = new Validator({ runtime, geometry, trie, catalogue, search: config.retrieval });
  const reached = new AbortController();
  const course: { step: number; seconds: number; figures: Readonly<Record<string, number>> }[] = [];
  let step = 0;
  const tracker: Tracker = {
    track(event) {
      if (event.kind === 'step') step = event.step;
    },
    close: async () => {},
  };
  let parameters = new Float32Array();
  try {
    const result = await train({
      runtime,
      geometry,
      source: { catalogue, scheme: schemeOf(config.identifiers), trie, length: geometry.maxIdentifierLength, config },
      phases,
      examples: { queries, selfQueries: selfQueries(catalogue, relevant, config.training.selfTargetWeight) },
      config,
      seed,
      tracker,
      reporter: silentReporter,
      signal: reached.signal,
      async validate(current, phase) {
        const figures = await validator.measure(current, phase.mix);
        course.push({ step, seconds: elapsed(), figures });
        if (enough(figures) && !reached.signal.aborted) {
          parameters = current.slice();
          reached.abort();
        }
        return figures;
      },
    });
    if (!reached.signal.aborted) ({ parameters } = result as { parameters: Float32Array<ArrayBuffer> });
  } catch (error) {
    if (!(error instanceof NeurodexError && error.code === 'interrupted' && reached.signal.aborted)) throw error;
  } finally {
    await validator.close();
  }
  return { geometry, parameters, steps: step, seconds: course.at(-1)?.seconds ?? elapsed(), course };
}
