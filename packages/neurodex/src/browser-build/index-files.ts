import { parameterCount } from '@neurodex/autograd';
import { canonicalJson, defined } from '@neurodex/core';
import type { SkippedFile } from '@neurodex/datasets/skipped';
import { manifestText } from '../artifact/catalogue-layout.ts';
import { CatalogueWriter, PART_LIMITS } from '../artifact/catalogue-writer.ts';
import {
  CATALOGUE_FILE,
  CATALOGUE_FOLDER,
  describeIndex,
  INDEX_FILE,
  MODEL_FILE,
} from '../artifact/index-description.ts';
import type { Origin } from '../build/origin.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { serialiseForIndex } from '../dsi/model/serialise-model.ts';
import type { BuiltPictures } from './build-pictures.ts';
import { digestOfBytes, MemoryTarget } from './memory-files.ts';

/** What an index says of itself beside what is in it. */
export interface IndexFacts {
  /** What the pictures are called, for people. */
  readonly name: string;
  /** Of the program. */
  readonly version: string;
  /** ISO 8601. */
  readonly created: string;
  /** Files that were skipped, and why. */
  readonly skipped: readonly SkippedFile[];
}

/** Takes a file of the index by its path, with / between folders. */
export type WriteFile = (path: string, bytes: Uint8Array) => Promise<void>;

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/**
 * Writes the folder of an index, as `neurodex index` leaves it; its manifest comes last. Answers have no relevance: `neurodex calibrate`
 * fits it, where the index has queries.
 */
export async function writeIndexFiles(built: BuiltPictures, facts: IndexFacts, out: WriteFile): Promise<void> {
  const listed: { readonly file: string; readonly bytes: number }[] = [];
  const write: WriteFile = async (file, bytes) => {
    listed.push({ file, bytes: bytes.length });
    await out(file, bytes);
  };
  const manifest = await writeCatalogueFiles(built, facts, (name, bytes) =>
    write(`${CATALOGUE_FOLDER}/${name}`, bytes),
  );
  await write(ORIGIN_FILE, await sealed(await originOf(built, facts)));
  const network = serialiseForIndex(built.model);
  await write(MODEL_FILE, network);
  const description = {
    ...describeIndex({
      neurodex: facts.version,
      created: facts.created,
      seed: built.seed,
      dataset: { name: facts.name, source: facts.name },
      config: built.config,
      systems: ['dsi'],
      model: {
        file: MODEL_FILE,
        ...(await digestOfBytes(network)),
        parameters: parameterCount(dsiParameters(built.model.geometry)) + (built.model.memory?.rows.length ?? 0),
      },
      training: {
        device: built.device,
        steps: built.steps,
        seconds: built.seconds,
        validation: { ...built.metrics },
      },
    }),
    catalogue: { file: CATALOGUE_FILE, ...(await digestOfBytes(text(manifest))) },
  };
  const manifestFile = await sealed(description);
  listed.push({ file: INDEX_FILE, bytes: manifestFile.length });
  const files = listed.sort((a, b) => (a.file < b.file ? -1 : 1));
  await out(LIST_FILE, await sealed({ format: 'neurodex-files', version: 1, files }));
  await out(INDEX_FILE, manifestFile);
}

/** What an index is made of: as `originOf` of build/origin.ts says it, which needs Node. */
async function originOf({ files }: BuiltPictures, { name, version }: IndexFacts): Promise<Origin> {
  const entries: [string, string][] = [];
  for (const { path, labels, bytes, sha256 } of files) {
    const said = JSON.stringify([labels, null, null, null]);
    entries.push([path, (await digestOfBytes(text(`${said}${bytes} ${sha256}`))).sha256]);
  }
  return {
    format: 'neurodex-origin',
    version: 1,
    neurodex: version,
    encoder: null,
    textEncoder: null,
    initialise: null,
    dataset: {
      name: 'folder',
      source: name,
      pictures: files.length,
      sha256: (await digestOfBytes(text(JSON.stringify(entries)))).sha256,
      entries: entries.map(([entry, digest]) => [entry, digest.slice(0, FINGERPRINT_DIGITS)]),
    },
  };
}

const ORIGIN_FILE = 'origin.json';
const FINGERPRINT_DIGITS = 16;

/** In every folder that the program makes: `FILE_LIST` of @neurodex/core/storage, which a browser cannot load. */
const LIST_FILE = 'files.json';

/** The text of a description, with a digest of all that it says. */
async function sealed(description: object): Promise<Uint8Array> {
  const { sha256: digest } = await digestOfBytes(text(canonicalJson(description)));
  return text(`${JSON.stringify({ ...description, digest }, null, 2)}\n`);
}

/** @returns the text of its manifest */
async function writeCatalogueFiles(built: BuiltPictures, { skipped }: IndexFacts, write: WriteFile): Promise<string> {
  const { rows, files, rules, states, hasClasses, model, config } = built;
  const { width } = model.geometry;
  const layout = { size: config.pictures.size, states: { width }, clusters: rules };
  const writer = new CatalogueWriter(new MemoryTarget(write), layout, PART_LIMITS);
  for (const { row, ...described } of rows) {
    const file = defined(files[row], 'the file of a row');
    const state = states.slice(row * width, (row + 1) * width);
    await writer.append({
      ...described,
      thumbnail: file.thumbnail,
      sha256: file.sha256,
      column: async (name) => (name === 'states' ? new Uint8Array(state.buffer) : file.pixels),
    });
  }
  return manifestText(await writer.finish({ hasClasses, givenRoles: false, notices: [], skipped }));
}
