import { isStale, type Relevance } from '../artifact/relevance-file.ts';
import type { QueryKind } from '../query/query.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import { type AnswerJudge, CALIBRATED_KINDS } from '../relevance/answer-judge.ts';
import type { Block } from '../relevance/none.ts';
import { answerJudgeOf } from '../systems/judge.ts';
import type { Index } from '../systems/open-index.ts';
import { hasSystem } from '../systems/systems.ts';
import type { IndexDetails } from './api/schemas.ts';

/** The system that reads what a block of a picture is made of. */
const READER: Readonly<Record<Block['name'], SystemName | undefined>> = {
  state: 'dsi',
  embedding: 'encoder',
  appearance: undefined,
};

/**
 * Systems that read a picture on the thread that also says whether nothing is relevant to it, those first that read most of it:
 * asked together with their answers, that costs least.
 */
export const TELLERS = ['dsi', 'encoder'] as const satisfies readonly SystemName[];

/** What a server knows of the relevance of answers of one index. Scores come from threads; what follows from them is quick. */
export class Judging {
  /** For the details of the index; null where it is not calibrated. */
  readonly facts: IndexDetails['relevance'];
  /** Whether it can be said of pictures that nothing is relevant to them. */
  readonly knowsNone: boolean;
  /** Systems as which a picture is read for that. */
  readonly readers: readonly SystemName[];
  private readonly judges: ReadonlyMap<SystemName, AnswerJudge>;
  private readonly relevance: Relevance | undefined;

  private constructor(relevance: Relevance | undefined, { store, manifest }: Index) {
    const judges = SYSTEM_NAMES.flatMap((name): [SystemName, AnswerJudge][] => {
      const judge =
        relevance === undefined || !hasSystem(name, manifest) ? undefined : answerJudgeOf({ relevance, name, store });
      return judge === undefined ? [] : [[name, judge]];
    });
    this.relevance = relevance;
    this.judges = new Map(judges);
    this.knowsNone = relevance !== undefined && relevance.none !== null;
    this.readers = relevance?.none?.blocks.flatMap(({ name }) => READER[name] ?? []) ?? [];
    this.facts =
      relevance === undefined
        ? null
        : {
            systems: judges.map(([system, { judges: isJudged }]) => ({
              system,
              queries: CALIBRATED_KINDS.filter(isJudged),
            })),
            nothingFound: relevance.none === null ? null : { auroc: relevance.none.auroc },
            stale: isStale(relevance, manifest.changes),
          };
  }

  /** @param before another version, whose calibration may be the same @throws NeurodexError `index-damaged` */
  static async of(
    index: Index,
    before: { readonly index: Index; readonly judging: Judging } | undefined,
  ): Promise<Judging> {
    const listed = index.manifest.relevance?.sha256;
    const isSame = listed !== undefined && listed === before?.index.manifest.relevance?.sha256;
    return new Judging(isSame ? before?.judging.relevance : await index.relevance(), index);
  }

  /** Undefined where answers of the system to queries of the kind are not calibrated. */
  judge(system: SystemName, kind: QueryKind): AnswerJudge | undefined {
    const judge = this.judges.get(system);
    return judge?.judges(kind) === true ? judge : undefined;
  }
}
