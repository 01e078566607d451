import { join } from 'node:path';
import { Random, type Runtime } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { readJson } from '@neurodex/core/json';
import { hasSeal, makeFolder, sealed, writeFileAtomically } from '@neurodex/core/storage';
import { z } from 'zod';
import type { FrozenTextEncoder } from '../models/text-encoder/text-encoder.ts';
import { allTexts } from '../pictures/picture-texts.ts';
import { comparableText } from '../text/normalise.ts';
import { nodeMachine } from '../training/node-machine.ts';
import { secondsToRead } from '../training/read.ts';
import { plannedSteps, type SeeSource, secondsPerStep } from '../training/see.ts';
import type { Build, BuildRequest } from './build.ts';
import { openChosenTextEncoder } from './open-text-encoder.ts';
import { readsTexts } from './reads-texts.ts';

/** Steps that are timed: some seconds of minutes. */
const TIMED = 60;

/** How long the network learns to see: decided once for a run, so that a resumed one goes equally far. */
const BUDGET_FILE = 'see-budget.json';
const budgetSchema = z.object({ steps: z.int().min(1) });

/** Pictures a second that are named, stored and written (docs/results.md). */
const NAMED_PER_SECOND = 2500;
const WRITTEN_PER_SECOND = 10_000;
/** Of a forward pass and its backward pass together, what the forward pass takes. */
const FORWARD = 1 / 3;

/** Seconds of what follows on the steps. @param N catalogue pictures @param perPicture seconds of a picture in a step */
export function secondsAfterSeeing(N: number, perPicture: number) {
  const [states, identify, write] = [N * perPicture * FORWARD, N / NAMED_PER_SECOND, N / WRITTEN_PER_SECOND];
  return { states, identify, write, all: states + identify + write };
}

/**
 * Steps of the stage `see`: `training.seeSteps`; or, with `training.minutes`, as many as are left of them by what came before
 * and will come after, at the speed of this machine.
 */
export async function seeSteps(build: Build, source: SeeSource): Promise<number> {
  const { minutes, batchSize } = build.config.training;
  if (minutes === 0) return plannedSteps(build.config, source.pictures.length);
  const file = join(build.work, BUDGET_FILE);
  const known: unknown = await readJson(file).catch(() => undefined);
  if (hasSeal(known)) return budgetSchema.parse(known).steps;
  const seconds = await secondsPerStep(
    source,
    { runtime: build.runtime, machine: nodeMachine },
    Random.stream(build.seed, 'calibration'),
    TIMED,
  );
  const { catalogue } = defined(await build.facts('split'), 'the split');
  const after =
    secondsAfterSeeing(catalogue, seconds / batchSize).all +
    (await readingSeconds(build, source.pictures.length, build.runtime));
  const left = 60 * minutes - build.elapsed() - after;
  const steps = Math.max(1, Math.floor(left / seconds));
  if (left < seconds) build.reporter.warn(`${minutes} minutes are over before the network could learn to see`);
  build.reporter.info(
    `see: ${steps} steps of ${(1000 * seconds).toFixed(0)} ms on this machine, so that the index is ready after ${minutes} minutes`,
  );
  await makeFolder(build.work);
  await writeFileAtomically(file, sealed({ steps }));
  return steps;
}

/** Seconds of the stage `read`; 0 where a build has none. @param pictures that the network learns from */
export async function readingSeconds(request: BuildRequest, pictures: number, runtime: Runtime): Promise<number> {
  if (!readsTexts(request)) return 0;
  const { config, dataset } = request;
  const texts = [...new Set(dataset.pictures.flatMap((picture) => allTexts(picture)))];
  const planned = { texts: texts.length, pictures, channels: undefined };
  const on = { runtime, machine: nodeMachine };
  const chosen = await openChosenTextEncoder({ ...request, runtime });
  if (chosen === undefined) return await secondsToRead(config, planned, on);
  const { encoder } = chosen;
  try {
    const { channels } = encoder.facts;
    const read = await secondsToRead(config, { ...planned, channels }, on);
    return read + texts.length * (await secondsOfText(encoder, texts));
  } finally {
    await encoder.release();
  }
}

/** Seconds in which a frozen text encoder reads a text, the mean over some. */
async function secondsOfText(encoder: FrozenTextEncoder, texts: readonly string[]): Promise<number> {
  const step = Math.max(1, Math.floor(texts.length / TIMED));
  const sample = texts.filter((_, i) => i % step === 0);
  if (sample.length === 0) return 0;
  const began = performance.now();
  // A text that cannot be read is left out when it is read, and takes no time worth counting.
  await encoder.embed(sample.flatMap((text) => comparableText(text) ?? []));
  return (performance.now() - began) / 1000 / sample.length;
}
