import type { HostArray, Runtime } from '@neurodex/autograd';
import { type Reporter, silentReporter } from '@neurodex/core';
import { damaged } from '@neurodex/core/storage';
import { type ArtifactOptions, type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import { type IndexManifest, missingSystem } from '../artifact/manifest.ts';
import { parseRelevance, type Relevance } from '../artifact/relevance-file.ts';
import { RowFilters } from '../filter/row-filters.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import { modelInput, pictureInput } from '../query/model-inputs.ts';
import type { PictureQuery } from '../query/query.ts';
import type { RowMask } from '../query/row-mask.ts';
import type { System, SystemName } from '../query/system.ts';
import type { SystemContext } from './declaration.ts';
import { appearances, type DescribeQueries, type Judge, judgeOf } from './judge.ts';
import { SharedParts, type TakenPart } from './shared-parts.ts';
import { hasSystem, refuseUnaccepted, SYSTEMS } from './systems.ts';

/** An index ready to be searched. Until it is closed it stays the version that was opened, or says that it was replaced. */
export interface Index extends Omit<IndexArtifact, 'files'> {
  /** What it lists to answer with, in the order of SYSTEM_NAMES. */
  readonly systems: readonly SystemName[];
  /** Made when first asked for. @throws NeurodexError `system-missing`, `index-damaged` */
  system(name: SystemName): Promise<System>;
  /** The catalogue pictures that a filter takes. @throws NeurodexError `filter-invalid`, `index-damaged` */
  filter(text: string): Promise<RowMask>;
  /** Judges the answers of a system; undefined where they are not calibrated. @throws NeurodexError as `system` */
  judge(name: SystemName): Promise<Judge | undefined>;
  /** How scores become probabilities; undefined where the index was not calibrated. @throws NeurodexError `index-damaged` */
  relevance(): Promise<Relevance | undefined>;
  /** Pictures that are asked, as the calibration sees them. */
  readonly describe: DescribeQueries;
  /** What the network reads of a query, as `ModelInput.feed` gives it. */
  input(query: PictureQuery): Promise<HostArray>;
  /** What stands in front of the network; undefined where it reads pixels. @throws NeurodexError `encoder-unusable`, `index-damaged` */
  backbone(): Promise<QueryEncoder | undefined>;
  /** The ONNX file of its encoder. @throws NeurodexError `index-damaged`, also without one */
  encoderFile(): Promise<Uint8Array>;
}

export interface OpenOptions extends ArtifactOptions {
  /** Sizes in which the network takes queries together (`DsiOptions.batches`). */
  readonly batches?: readonly number[];
  /** What other versions of the index have opened. */
  readonly shared?: SharedParts;
  /** Told of a query that `dsi` reads to the token `read` of `tokens`; a warning by default. */
  readonly onLongText?: SystemContext['onLongText'];
}

/**
 * Opens the folder that `index` left. Systems are read when they are asked for.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older`, `index-replaced`
 */
export async function openIndex(
  folder: string,
  runtime: Runtime,
  reporter: Reporter = silentReporter,
  { batches, shared: versions, onLongText, ...options }: OpenOptions = {},
): Promise<Index> {
  const artifact = await openArtifact(folder, options);
  const { manifest, files, store, network } = artifact;
  const shared = versions ?? new SharedParts();
  const systems = new Map<SystemName, Promise<System>>();
  let encoder: Promise<TakenPart<QueryEncoder>> | undefined;
  const queryEncoder = async (): Promise<QueryEncoder> => {
    encoder ??= shared.take(
      `encoder ${manifest.encoder?.sha256}`,
      async () => (await import('./open-encoder.ts')).openQueryEncoder(files, manifest, store, runtime),
      (opened) => opened.encoder.release(),
    );
    return (await encoder).part;
  };
  const backbone = async (): Promise<QueryEncoder | undefined> => {
    const { model } = await network();
    return modelInput(model.geometry).needsBackbone ? await queryEncoder() : undefined;
  };
  let relevance: Promise<Relevance | undefined> | undefined;
  const relevanceOf = (): Promise<Relevance | undefined> => {
    const { relevance: listed } = manifest;
    relevance ??=
      listed === undefined
        ? Promise.resolve(undefined)
        : files.read(listed).then((bytes) => parseRelevance(bytes, files.pathOf(listed)));
    return relevance;
  };
  const filters = new RowFilters(store, () => store.metadata());
  const context = { artifact, runtime, reporter, batches, shared: versions, onLongText, queryEncoder };
  const systemOf = async (name: SystemName): Promise<System> => {
    if (!hasSystem(name, manifest)) throw missingSystem(folder, manifest, name);
    const system =
      systems.get(name) ?? SYSTEMS[name].open(context).then((made) => checked(made, name, folder, manifest));
    systems.set(name, system);
    return await system;
  };
  const describe: DescribeQueries = async (block, queries) => {
    if (block === 'appearance') return appearances(store.size, queries);
    if (block === 'embedding') return await (await queryEncoder()).pooled(queries);
    const { vectorsOf } = await systemOf('dsi');
    if (vectorsOf === undefined) throw damaged(folder, 'is calibrated for states, and its network makes none');
    return await vectorsOf(queries);
  };
  return {
    ...artifact,
    systems: manifest.systems,
    system: systemOf,
    filter: (text) => filters.mask(text),
    describe,
    relevance: relevanceOf,
    async judge(name) {
      const [system, found] = [await systemOf(name), await relevanceOf()];
      return found && judgeOf({ relevance: found, name, system, store, describe });
    },
    async input(query) {
      const { geometry } = (await network()).model;
      return await pictureInput(geometry).feed([query], 1, geometry, await backbone());
    },
    backbone,
    async encoderFile() {
      if (manifest.encoder === undefined) throw damaged(folder, 'does not list an encoder');
      return await files.read(manifest.encoder);
    },
    async close() {
      for (const system of systems.values()) await (await system.catch(() => undefined))?.close();
      const opened = encoder;
      encoder = undefined;
      await (await opened?.catch(() => undefined))?.giveBack();
      await artifact.close();
    },
  };
}

/**
 * A system that takes only the queries it declares. Numbers of a model may be finite and too large to compute with: scores that
 * come out as NaN rank nothing, and are refused.
 */
const checked = (system: System, name: SystemName, folder: string, manifest: IndexManifest): System => ({
  name: system.name,
  memorises: system.memorises,
  close: () => system.close(),
  ...(system.vectorsOf === undefined
    ? {}
    : { vectorsOf: (queries) => system.vectorsOf?.(queries) ?? Promise.resolve([]) }),
  ...(system.statesOf === undefined
    ? {}
    : { statesOf: (queries) => system.statesOf?.(queries) ?? Promise.resolve(new Float32Array()) }),
  async rank(queries, k, among) {
    refuseUnaccepted(name, queries, manifest);
    const answers = await system.rank(queries, k, among);
    if (answers.some((each) => each.some(({ score }) => Number.isNaN(score))))
      throw damaged(folder, `gives scores that are not numbers: what ${system.name} is made of is damaged`);
    return answers;
  },
});
