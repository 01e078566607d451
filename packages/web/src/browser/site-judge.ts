import {
  type AnswerJudge,
  answerJudge,
  appearanceOf,
  type DsiSystem,
  type ExportedEncoder,
  joinBlocks,
  type NoneModel,
  noneProbability,
  type PictureQuery,
  pooled,
  type SiteRelevance,
  unitVector,
  unpackNone,
} from 'neurodex/browser';
import { EngineError } from '../engine.ts';
import { COPY_AGAIN } from './site.ts';

/** A picture that is asked, as far as it says whether anything is relevant to it. */
export interface AskedPicture {
  readonly query: PictureQuery;
  /** uint8 RGB [size, size, 3], of the centre square. */
  pixels(size: number): Promise<Uint8Array>;
}

/** What a site knows of the relevance of its answers. */
export interface SiteJudge extends AnswerJudge {
  /** Probability that nothing in the catalogue is relevant, at even odds; undefined where nobody knows. */
  none(asked: AskedPicture): Promise<number | undefined>;
}

export interface SiteJudgeOptions {
  readonly relevance: SiteRelevance;
  readonly system: DsiSystem;
  /** In front of the network, where it reads one. */
  readonly encoder: ExportedEncoder | undefined;
  /** By row; nothing in a site without classes. */
  readonly labelsOf: (row: number) => readonly string[];
}

/** @throws EngineError `damaged` */
export function siteJudge({ relevance, system, encoder, labelsOf }: SiteJudgeOptions): SiteJudge {
  const { picture, size } = relevance;
  const none = readNone(relevance);
  const blockOf = async (name: NoneModel['blocks'][number]['name'], { query, pixels }: AskedPicture) => {
    if (name === 'appearance') return appearanceOf(await pixels(size), size);
    if (name === 'state') return (await system.vectorsOf([query]))[0] ?? [];
    if (query.embedding === undefined || encoder === undefined) throw damaged('compares embeddings that it lacks');
    return unitVector(pooled(query.embedding.read(), encoder.output));
  };
  return {
    ...answerJudge({ calibrations: { picture }, name: 'dsi', labelsOf }),
    async none(asked) {
      if (none === null) return undefined;
      const values: ArrayLike<number>[] = [];
      for (const { name } of none.blocks) values.push(await blockOf(name, asked));
      return noneProbability(none, joinBlocks(none.blocks, values));
    },
  };
}

function readNone({ none }: SiteRelevance): NoneModel | null {
  try {
    return none && unpackNone(none);
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error), error);
  }
}

const damaged = (what: string, cause?: unknown): EngineError =>
  new EngineError('damaged', `relevance.json ${what}`, { hint: COPY_AGAIN, cause });
