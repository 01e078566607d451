import type { Device } from '@neurodex/autograd';
import type { TrackingRequest } from '@neurodex/tracking';
import type { StageName } from '../build/stage-names.ts';
import type { ConfigurationChanges } from '../configuration/configuration.ts';
import type { PresetName } from '../presets/presets.ts';
import type { SystemName } from '../query/system.ts';
import type { OnNan } from '../training/on-nan.ts';
import type { Abortable, Environment, PicturesFrom, SourceOptions } from './index-options.ts';
import type { JobEvent } from './job.ts';

/** What an index is made of, and how: for `planIndex`. */
export interface PlanOptions extends Abortable, SourceOptions {
  /** Where the pictures come from. */
  readonly source: PicturesFrom;
  /** The complete configuration to start from; `default` by default. */
  readonly preset?: PresetName | undefined;
  /** Settings that differ from the preset. */
  readonly config?: ConfigurationChanges | undefined;
  /** What the index shall answer with; all that can be made of the pictures by default. */
  readonly systems?: readonly SystemName[] | undefined;
  /** Makes a build repeatable: the same seed gives the same index. 0 by default. */
  readonly seed?: number | undefined;
  /** What computes: `cpu` by default. */
  readonly device?: Device | undefined;
  /** Settings of downloads (`HF_TOKEN`, proxies, `NEURODEX_CACHE`); `process.env` by default. */
  readonly environment?: Environment | undefined;
}

/** What an index is made of, how, and where: for `buildIndex`. */
export interface BuildOptions extends PlanOptions {
  /** The folder of the new index. */
  readonly out: string | URL;
  /** Goes on with the unfinished build of the index, with what that began with; begins where there is none. */
  readonly resume?: boolean | undefined;
  /** Replaces an index that is there. Without `resume`, an unfinished build is thrown away as well. */
  readonly force?: boolean | undefined;
  /** What happens to a batch whose loss is NaN or infinite: `stop` by default. */
  readonly onNan?: OnNan | undefined;
  /** Trackers of the training beside the run log; none by default. */
  readonly tracking?: TrackingRequest | undefined;
}

/** Where a build is: `open` while its source is opened, then one stage after another. */
export type BuildStage = 'open' | StageName;

/** What a build tells while it works. */
export type BuildEvent = JobEvent & StagedEvent;

/** What events of a build have beside those of any job. */
export interface StagedEvent {
  /** Where the build is. */
  readonly stage: BuildStage;
}
