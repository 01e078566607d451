import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DONE } from '@neurodex/tracking';
import {
  CATALOGUE_FILE,
  describeIndex,
  INDEX_FILE,
  type IndexDescription,
  type IndexManifest,
  readIndexManifest,
  writeIndexManifest,
} from '../artifact/manifest.ts';
import { RELEVANCE_FILE, writeRelevance } from '../artifact/relevance-file.ts';
import { SYSTEM_NAMES } from '../query/system.ts';
import { openIndex } from '../systems/open-index.ts';
import { SYSTEMS } from '../systems/systems.ts';
import { VERSION } from '../version.ts';
import { type Build, isWanted } from './build.ts';
import { calibrateRelevance } from './calibrate-relevance.ts';
import { portableConfig, portablePath } from './portable.ts';
import type { Stage } from './stage.ts';
import { stageSeconds, WORK_FOLDER } from './stage-record.ts';
import { describeNetwork } from './train-network.ts';

export const finishStage: Stage<IndexManifest> = {
  name: 'finish',
  summary: 'the manifest, with the digests of all files',
  reads: [CATALOGUE_FILE],
  writes: [INDEX_FILE],
  resumes: 'always',
  isPart: () => true,
  async run(build) {
    const { config, seed, device, dataset, folder, tracker } = build;
    const bovw = (await build.facts('describe'))?.bovw;
    const encoder = (await build.facts('embed'))?.encoder;
    const trained = (await build.facts('train')) ?? (await build.facts('write'));
    const network = trained === undefined ? {} : describeNetwork(trained, device, build.elapsed());
    const text = (await build.facts('read'))?.text;
    const parts = {
      ...(bovw === undefined ? {} : { bovw }),
      ...(encoder === undefined ? {} : { encoder }),
      ...(text === undefined ? {} : { text }),
      ...network,
    };
    const systems = SYSTEM_NAMES.filter((name) => {
      // What every index has is listed where somebody has asked for it.
      const isAsked = SYSTEMS[name].isImplied === true ? build.systems?.includes(name) : isWanted(build, name);
      return isAsked === true && SYSTEMS[name].isStored(parts);
    });
    const description = describeIndex({
      neurodex: VERSION,
      created: new Date().toISOString(),
      seed,
      dataset: { name: dataset.name, source: portablePath(dataset.source) },
      config: portableConfig(config),
      stages: await stageSeconds(build),
      systems,
      ...parts,
    });
    const reason = trained?.trained.diverged?.message ?? DONE;
    tracker.track({ kind: 'end', time: new Date().toISOString(), reason });
    // The manifest lists the run log: nothing is logged after this.
    await tracker.close();
    await rm(join(folder, RELEVANCE_FILE), { force: true });
    await calibrate(build, description);
    await writeIndexManifest(folder, description);
    return await readIndexManifest(folder);
  },
};

/** Of the index while it is calibrated: index.json says that a folder is complete. */
const DRAFT_FILE = `${WORK_FOLDER}/${INDEX_FILE}`;

/** Fits probabilities to the index as it is, which searches as it will for people. */
async function calibrate(build: Build, description: IndexDescription): Promise<void> {
  const { folder, runtime, seed, reporter, signal } = build;
  await writeIndexManifest(folder, description, DRAFT_FILE);
  // That captions are longer than the network reads has been said.
  const index = await openIndex(folder, runtime, reporter, { manifest: DRAFT_FILE, onLongText: () => {} });
  try {
    const relevance = await calibrateRelevance(index, { seed, reporter, signal });
    if (relevance !== undefined) await writeRelevance(folder, relevance);
  } finally {
    await index.close();
  }
}
