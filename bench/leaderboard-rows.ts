import { nodeRuntime } from '@neurodex/autograd/node';
import { z } from 'zod';
import type { PictureStore } from '../packages/neurodex/src/pictures/picture-store.ts';
import type { KeptResults, KeptSettings } from './kept-results.ts';
import { trainPeerToQuality } from './leaderboard-pytorch.ts';
import { RECIPES, type Recipe, type RecipeName } from './leaderboard-recipes.ts';
import { configOf, SETS, type SetName } from './leaderboard-sets.ts';
import { commitOf, HERE } from './leaderboard-stages.ts';
import { type Look, seenSource, type TrainingRequest, trainToQuality } from './leaderboard-training.ts';
import type { Python } from './python.ts';
import { SeePeer } from './see-peer.ts';

/** A recipe that never has the quality stops at the end of its own steps. */
const rowSchema = z.object({
  reached: z.boolean(),
  steps: z.int(),
  /** Of training alone, without the looks, and of all threads together. */
  seconds: z.number(),
  cpuSeconds: z.number(),
  'AP@10': z.number(),
  'P@10': z.number(),
  'IA@1': z.number(),
  commit: z.string(),
});
export type Row = z.infer<typeof rowSchema>;

/** The same in PyTorch, where compiling does not count; parts of the seconds, and what computed. */
const peerRowSchema = rowSchema.extend({
  stepSeconds: z.number(),
  stepCpuSeconds: z.number(),
  loadingSeconds: z.number(),
  compileSeconds: z.number(),
  torch: z.string(),
  variant: z.string(),
  variants: z.array(z.object({ variant: z.string(), seconds_per_step: z.number() })),
});
export type PeerRow = z.infer<typeof peerRowSchema>;

/** At the quality in a schedule, evenly: what a row takes is known to so many parts of it. */
const LOOKS = 24;
const NO_LOOK = 'training ended without a look at the quality';
/** IA@1 that every row has to have beside the AP@10 of its set. */
const INDEXED = 0.98;

/** Recipes that PyTorch trains as well. */
export const hasPeer = (row: RecipeName): boolean => {
  const { status }: Recipe = RECIPES[row];
  return status === 'now' || status === 'before';
};

export interface RowsOptions {
  readonly set: SetName;
  readonly store: PictureStore;
  readonly threads: number;
  /** None by default. */
  readonly mostSteps?: number | undefined;
  readonly kept: KeptResults;
  /** With PyTorch, or why there is none. */
  readonly python: Python | { readonly missing: string };
  /** The form of the step in PyTorch; by default the fastest. */
  readonly variant?: string | undefined;
  log(message: string): void;
}

/** Measures rows of one set, of our side and in PyTorch; what was measured before is taken from where it is kept. */
export class Rows {
  private readonly options: RowsOptions;
  /** Compiled once, for all seeds. */
  private readonly peers = new Map<RecipeName, SeePeer | { readonly missing: string }>();

  constructor(options: RowsOptions) {
    this.options = options;
  }

  async own(row: RecipeName, seed: number): Promise<Row> {
    const { set, threads, kept } = this.options;
    // Threads that wait for work would count as work.
    const runtime = nodeRuntime({ threads, spinning: false });
    const settings = this.settings(row);
    const result = await kept.of(`${set}-${row}-${seed}`, { schema: rowSchema, settings }, async () => {
      const request = await this.request(row, seed);
      const last = (await trainToQuality(request, runtime)).at(-1);
      if (last === undefined) throw new RangeError(NO_LOOK);
      return rowOf(last, request);
    });
    this.told(result);
    return result;
  }

  async peer(row: RecipeName, seed: number): Promise<PeerRow | { readonly missing: string }> {
    const { set, kept, python, variant = null } = this.options;
    if ('missing' in python) return python;
    const settings = { ...this.settings(row), torch: python.version, variant };
    try {
      const result = await kept.of(`${set}-${row}-pytorch-${seed}`, { schema: peerRowSchema, settings }, async () => {
        const request = await this.request(row, seed);
        const peer = await this.opened(row, request);
        const last = (await trainPeerToQuality(peer, request)).at(-1);
        if (last === undefined) throw new RangeError(NO_LOOK);
        const { torch, variant, measured, compileSeconds } = peer.description;
        return {
          ...rowOf(last, request),
          stepSeconds: last.steps.seconds,
          stepCpuSeconds: last.steps.cpuSeconds,
          loadingSeconds: last.loading.seconds,
          compileSeconds,
          torch,
          variant,
          variants: [...measured],
        };
      });
      this.told(result);
      return result;
    } catch (error) {
      if (error instanceof PeerMissing) return { missing: error.message };
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const peer of this.peers.values()) if (peer instanceof SeePeer) await peer.close();
  }

  private async opened(row: RecipeName, { store, config }: TrainingRequest): Promise<SeePeer> {
    const { python, threads, variant, log } = this.options;
    if ('missing' in python) throw new PeerMissing(python.missing);
    const options = { python, threads, log, ...(variant === undefined ? {} : { variant }) };
    const peer = this.peers.get(row) ?? (await SeePeer.open(seenSource(store, config), options));
    this.peers.set(row, peer);
    if (!(peer instanceof SeePeer)) throw new PeerMissing(peer.missing);
    return peer;
  }

  private async request(row: RecipeName, seed: number): Promise<TrainingRequest> {
    const { set, store, mostSteps } = this.options;
    const enough = (metrics: Readonly<Record<string, number>>): boolean =>
      (metrics['AP@10'] ?? 0) >= SETS[set].quality && (metrics['IA@1'] ?? 0) >= INDEXED;
    const config = await configOf(SETS[set], RECIPES[row]);
    return { store, config, seed, looks: LOOKS, enough, ...(mostSteps === undefined ? {} : { mostSteps }) };
  }

  private settings(row: RecipeName): KeptSettings {
    const { set, threads, mostSteps } = this.options;
    const recipe: Recipe = RECIPES[row];
    const shortened = mostSteps === undefined ? {} : { mostSteps };
    const { quality } = SETS[set];
    return { recipe: [recipe.patches, ...recipe.settings].join(' '), quality, threads, ...shortened };
  }

  private told(row: Row): void {
    const outcome = row.reached ? 'reached' : 'not reached';
    this.options.log(
      `  ${outcome}: AP@10 ${row['AP@10'].toFixed(3)} after ${row.steps} steps, ${row.seconds.toFixed(1)} s`,
    );
  }
}

/** PyTorch cannot run here; the message says why. */
class PeerMissing extends Error {}

function rowOf({ step: steps, seconds, cpuSeconds, metrics }: Look, { enough }: TrainingRequest): Row {
  const figure = (name: string): number => metrics[name] ?? NaN;
  const measures = { 'AP@10': figure('AP@10'), 'P@10': figure('P@10'), 'IA@1': figure('IA@1') };
  return { reached: enough(metrics), steps, seconds, cpuSeconds, ...measures, commit: commitOf(HERE) };
}
