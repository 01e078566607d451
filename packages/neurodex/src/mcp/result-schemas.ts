import { z } from 'zod';
import { SYSTEM_NAMES } from '../query/system.ts';
import type { PictureFacts, SearchResponse } from '../server/api/schemas.ts';
import { picture as servedPicture } from '../server/api/schemas.ts';

/** What tools answer with: what the HTTP API says, without the addresses that only it has. */

export const picture = servedPicture.omit({ image: true, thumbnail: true });
export type Picture = z.output<typeof picture>;

const probability = z.number().min(0).max(1);
export const answer = z.object({
  rank: z.int().min(1),
  picture,
  score: z.number().describe('higher is better; to compare answers of one search'),
  relevance: probability
    .nullable()
    .describe('estimated probability that it is relevant; null where that is not known for such a query'),
});

export const found = z.object({
  index: z.string(),
  system: z.enum(SYSTEM_NAMES),
  query: z.object({
    picture: z.string().nullable(),
    text: z.string().nullable(),
    plus: z.array(z.string()),
    minus: z.array(z.string()),
  }),
  none: probability
    .nullable()
    .describe('estimated probability that nothing in the index is relevant; null where unknown'),
  nothingFound: z
    .boolean()
    .describe('whether the likeliest outcome is that nothing is relevant: the answers are then merely similar'),
  partial: z.boolean().describe('whether a part of the index did not answer'),
  answers: z.array(answer).describe('best first'),
});

export const pictureOf = ({ image: _, thumbnail: __, ...facts }: PictureFacts): Picture => facts;

/** What one system answered. */
export function foundOf(
  { index, query, partial }: SearchResponse,
  { system, none, nothingFound, answers }: SearchResponse['results'][number],
): z.output<typeof found> {
  const { labels: _, ...asked } = query;
  return {
    ...{ index, system, query: asked, none, nothingFound, partial },
    answers: answers.map(({ rank, picture: facts, score, relevance }) => ({
      ...{ rank, picture: pictureOf(facts), score, relevance },
    })),
  };
}
