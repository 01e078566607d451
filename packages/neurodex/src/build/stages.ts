import { describeStage } from './describe-stage.ts';
import { embedStage } from './embed-stage.ts';
import { finishStage } from './finish-stage.ts';
import { decodeStage, identifyStage, splitStage } from './pictures-stages.ts';
import { readStage } from './read-stage.ts';
import { seeStage } from './see-stage.ts';
import type { Stage } from './stage.ts';
import { STAGE_NAMES, type StageName } from './stage-names.ts';
import { trainStage } from './train-stage.ts';
import { writeStage } from './write-stage.ts';

/** Every stage; one that is missing does not compile. */
const BY_NAME: { readonly [Name in StageName]: Stage } = {
  decode: decodeStage,
  split: splitStage,
  embed: embedStage,
  describe: describeStage,
  see: seeStage,
  identify: identifyStage,
  train: trainStage,
  write: writeStage,
  read: readStage,
  finish: finishStage,
};

/** The stages of a build, in order. */
export const STAGES: readonly Stage[] = STAGE_NAMES.map((name) => BY_NAME[name]);
