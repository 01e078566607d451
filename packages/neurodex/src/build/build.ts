import type { Device, Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import type { RunLog, Tracker } from '@neurodex/tracking';
import type { IndexManifest } from '../artifact/manifest.ts';
import type { Config } from '../config.ts';
import type { SystemName } from '../query/system.ts';
import type { OnNan } from '../training/on-nan.ts';
import type { BuildFolders } from './build-options.ts';
import type { DecodedSet } from './decode-pictures.ts';
import type { DescribedCatalogue } from './describe-stage.ts';
import type { EmbeddedCatalogue } from './embed-stage.ts';
import type { FetchOptions } from './fetch-encoder.ts';
import type { ChosenEncoder } from './open-encoder.ts';
import type { ChosenTextEncoder } from './open-text-encoder.ts';
import type { ReadNetwork } from './read-stage.ts';
import type { SeenNetwork } from './see-stage.ts';
import type { SplitSet } from './split-pictures.ts';
import type { StageName } from './stage-names.ts';
import type { WrittenNetwork } from './train-network.ts';

/** What each stage finds out beside its files. */
export interface StageFacts {
  readonly decode: DecodedSet;
  readonly split: SplitSet;
  readonly embed: EmbeddedCatalogue;
  readonly describe: DescribedCatalogue | null;
  readonly identify: { readonly catalogue: { readonly bytes: number; readonly sha256: string } };
  readonly see: SeenNetwork;
  readonly train: WrittenNetwork;
  readonly write: WrittenNetwork;
  readonly read: ReadNetwork;
  readonly finish: IndexManifest;
}

/** The encoder of an index that is built again, as it was used. */
export interface OwnEncoder {
  readonly facts: NonNullable<IndexManifest['encoder']>;
  /**
   * What it made of a picture, where that is stored: float32 [1 + views, P, C], or the pooled vector [C]. An encoder that came with
   * preprocessing looked at more than the index has kept.
   */
  known(path: string): Float32Array | undefined;
}

/** What is asked of a build. */
export interface BuildRequest {
  readonly dataset: Dataset;
  readonly config: Config;
  /** All that can be made by default. */
  readonly systems?: readonly SystemName[] | undefined;
  readonly seed: number;
  readonly device: Device;
  /** Whether checkpoints are worth writing; by default true. */
  readonly keepUnfinished?: boolean | undefined;
  readonly onNan?: OnNan | undefined;
  /** Of downloads (NEURODEX_CACHE, HF_ENDPOINT, HF_TOKEN …); `process.env` by default. */
  readonly environment?: FetchOptions['environment'];
  /** Made when a file is missing; by default those of the environment. */
  readonly downloads?: FetchOptions['downloads'];
  /** Of an index that is built again: its encoder, which is in `encoder.file`. */
  readonly ownEncoder?: OwnEncoder | undefined;
  readonly reporter: Reporter;
  /** Told of each stage that begins. */
  readonly onStage?: ((stage: StageName) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An index in the making, as its stages see it. */
export interface Build extends BuildRequest, BuildFolders {
  /** The folder of the index. */
  readonly folder: string;
  readonly runtime: Runtime;
  readonly log: RunLog;
  /** The run log and all trackers. */
  readonly tracker: Tracker;
  /** Whether anybody but the run log is told of the run. */
  readonly isTracked: boolean;
  /** Seconds of work, those of earlier processes included. */
  elapsed(): number;
  /** Seconds that each stage took, of those that this process ran. */
  readonly took: Map<StageName, number>;
  /** The encoder that the configuration names; opened when first asked for. @throws NeurodexError `encoder-unusable` */
  encoder(): Promise<ChosenEncoder | undefined>;
  /** The frozen text encoder; opened when first asked for. @throws NeurodexError `encoder-unusable` */
  textEncoder(): Promise<ChosenTextEncoder | undefined>;
  remember(stage: StageName, facts: unknown): void;
  /** What a stage found out, in this process or an earlier one; undefined for one that is no part of the build. */
  facts<Name extends StageName>(stage: Name): Promise<StageFacts[Name] | undefined>;
}

/** Whether a system is asked for. */
export const isWanted = ({ systems }: Pick<BuildRequest, 'systems'>, name: SystemName): boolean =>
  systems === undefined || systems.includes(name);
