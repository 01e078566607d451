import { defined } from '@neurodex/core';
import { z } from 'zod';
import type { QueryKind } from '../../query/query.ts';
import { SYSTEM_NAMES, type SystemName } from '../../query/system.ts';
import type { Hosted } from '../../server/hosted.ts';
import { thumbnailsOf } from '../image-content.ts';
import { indexSchema, kindOf, querySchema, sentOf, wordsSchema } from '../query.ts';
import { found, foundOf } from '../result-schemas.ts';
import { answering } from '../services.ts';
import { declared, READING, type Tool } from '../tool.ts';

/** Answers at most: a model reads each of them. */
const MOST_ANSWERS = 100;
const MOST_THUMBNAILS = 20;

const choices = z.strictObject({
  k: z.int().min(1).max(MOST_ANSWERS).default(10).describe('answers'),
  system: z
    .enum(SYSTEM_NAMES)
    .optional()
    .describe('the system to search with; by default the first of the index that takes such a query'),
  minRelevance: z.number().min(0).max(1).optional().describe('leaves out answers that are less likely relevant'),
  confidence: z
    .number()
    .min(0.5)
    .max(0.99)
    .optional()
    .describe('in place of the k best, the fewest answers of which one is relevant with this probability'),
  thumbnails: z.int().min(0).max(MOST_THUMBNAILS).default(5).describe('small pictures of so many of the best answers'),
});

export const search: Tool = {
  changes: false,
  declare: (services) =>
    declared({
      title: 'Search pictures',
      description:
        'Find the pictures of an index that match a picture, words, or both together. Results name pictures by ids, which the other tools take.',
      input: z.strictObject({
        ...querySchema(services).shape,
        ...wordsSchema.shape,
        ...choices.shape,
        ...indexSchema(services).shape,
      }),
      output: found,
      annotations: READING,
      async run({ index, k, system, minRelevance, confidence, thumbnails, plus, minus, ...query }, { signal }) {
        return await answering(services, signal, async (waiting) => {
          const sent = await sentOf(query, services);
          const hosted = services.host.index(index);
          const filters = { minRelevance, confidence };
          const chosen = systemFor(hosted, kindOf(sent, { plus, minus }), { system, ...filters });
          const asked = chosen === undefined ? undefined : [chosen];
          const settings = { index, k, plus, minus, ...filters, explain: false, explainCount: 1 };
          const response = await services.search.search(
            sent,
            services.search.plan({ ...settings, system: asked }, hosted),
            waiting,
          );
          const result = foundOf(response, defined(response.results[0], 'the answers of a system'));
          const shown = result.answers.slice(0, thumbnails).map(({ rank, picture: { id, name } }) => ({
            picture: id,
            caption: `${rank}. ${id} ${name}`,
          }));
          return { structured: result, pictures: await thumbnailsOf(shown, services) };
        });
      },
    }),
};

/** The one that is asked for, or the first that takes such a query, and is calibrated where that is needed. */
function systemFor(
  hosted: Hosted,
  kind: QueryKind,
  {
    system,
    minRelevance,
    confidence,
  }: {
    readonly system: SystemName | undefined;
    readonly minRelevance: number | undefined;
    readonly confidence: number | undefined;
  },
): SystemName | undefined {
  if (system !== undefined) return system;
  const candidates = hosted.systemsFor(kind);
  if (minRelevance === undefined && confidence === undefined) return candidates[0];
  return candidates.find((candidate) => hosted.judging.judge(candidate, kind) !== undefined) ?? candidates[0];
}
