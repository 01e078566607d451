import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initialParameters, layout, type NamedArray, Random, readSafetensors } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { digestFile, refuseSpecialFile } from '@neurodex/core/storage';
import { INDEX_FILE, MODEL_FILE, readIndexManifest, readListed } from '../artifact/manifest.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';

/** Names that a message lists. */
const LISTED = 5;

/**
 * Parameters to begin a training with: those of another network where name and shape agree, the others drawn from the seed
 * as without it. Networks over different identifiers share all but the token embedding and the head, where the number of
 * tokens differs, and the learned positions, where the length does.
 * @param from folder of an index, or a file of parameters (safetensors)
 * @returns the flat vector, in the order of `dsiParameters`
 * @throws NeurodexError `index-missing`, `index-damaged`, `config-invalid` when nothing agrees
 */
export async function parametersFrom(
  from: string,
  geometry: Geometry,
  { seed, reporter }: { readonly seed: number; readonly reporter: Reporter },
): Promise<Float32Array> {
  const isIndex = existsSync(join(from, INDEX_FILE));
  const file = isIndex ? join(from, MODEL_FILE) : from;
  const tensors = isIndex ? tensorsIn(await modelOf(from), file) : await readTensors(file);
  const specs = dsiParameters(geometry);
  const parameters = initialParameters(specs, Random.stream(seed, 'parameters'));
  const fresh: string[] = [];
  let taken = 0;
  for (const [name, { shape }, start, end] of layout(specs)) {
    const tensor = tensors[name];
    if (tensor === undefined || String(tensor.shape) !== String(shape)) {
      fresh.push(name);
      continue;
    }
    if (!tensor.data.every(Number.isFinite))
      throw damaged(file, `the parameter ${name} has numbers that are not finite`);
    parameters.set(tensor.data, start);
    taken += end - start;
  }
  if (taken === 0) {
    throw new NeurodexError('config-invalid', `no parameter of ${file} has the name and shape of one of this network`, {
      hint: 'set model.* as it was for that network, or leave training.initialise empty',
      details: { keys: ['training.initialise'], file },
    });
  }
  const more = fresh.length > LISTED ? ` and ${fresh.length - LISTED} more` : '';
  const rest = fresh.length === 0 ? '' : `; drawn anew: ${fresh.slice(0, LISTED).join(', ')}${more}`;
  reporter.info(`${taken} of ${parameters.length} parameters begin as in ${file}${rest}`);
  return parameters;
}

const fileOf = (from: string): string => (existsSync(join(from, INDEX_FILE)) ? join(from, MODEL_FILE) : from);

/** SHA-256 of the file that `training.initialise` names; null for none, and where it cannot be read. */
export async function digestOfParameters(from: string): Promise<string | null> {
  if (from === '') return null;
  return await digestFile(fileOf(from)).then(
    ({ sha256 }) => sha256,
    () => null,
  );
}

/** The model of an index, compared with its digest. */
async function modelOf(folder: string): Promise<Uint8Array> {
  const { model } = await readIndexManifest(folder);
  if (model !== undefined) return await readListed(folder, model);
  throw new NeurodexError('config-invalid', `training.initialise: ${folder} is an index without a network`, {
    hint: 'name one that was made with the system dsi',
    details: { keys: ['training.initialise'], file: folder },
  });
}

async function readFileOf(file: string): Promise<Uint8Array> {
  await refuseSpecialFile(file, 'index-damaged');
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'is not there' : code === 'EISDIR' ? 'is no index' : `cannot be read (${code})`;
    throw new NeurodexError('index-missing', `training.initialise: ${file} ${what}`, {
      hint: 'name the folder of an index, or the model.safetensors in it',
      details: { file },
      cause: error,
    });
  }
}

/** @throws NeurodexError `index-missing`, `index-damaged` */
export const readTensors = async (file: string): Promise<Readonly<Record<string, NamedArray>>> =>
  tensorsIn(await readFileOf(file), file);

function tensorsIn(bytes: Uint8Array, file: string): Readonly<Record<string, NamedArray>> {
  try {
    return readSafetensors(bytes).tensors;
  } catch (error) {
    throw damaged(file, error instanceof RangeError ? error.message : 'it is not a safetensors file', error);
  }
}

const damaged = (file: string, problem: string, cause?: unknown): NeurodexError =>
  new NeurodexError('index-damaged', `${file} holds no parameters that can be taken: ${problem}`, {
    hint: 'name the folder of an index, or the model.safetensors in it',
    details: { file },
    ...(cause === undefined ? {} : { cause }),
  });
