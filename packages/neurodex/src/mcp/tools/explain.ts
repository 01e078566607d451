import type { ContentBlock } from '@modelcontextprotocol/server';
import { defined } from '@neurodex/core';
import { z } from 'zod';
import type { SearchResponse } from '../../server/api/schemas.ts';
import { identifierToken } from '../../server/api/schemas.ts';
import type { Hosted } from '../../server/hosted.ts';
import type { Sent } from '../../server/uploads.ts';
import { attentionImage } from '../attention-image.ts';
import { refused } from '../failure.ts';
import { imageContent } from '../image-content.ts';
import { indexSchema, querySchema, sentOf } from '../query.ts';
import { answer, found, foundOf } from '../result-schemas.ts';
import { answering, type McpServices } from '../services.ts';
import { declared, READING, type Tool } from '../tool.ts';

/** Answers that are explained at most. */
const MOST_EXPLAINED = 5;
/** Digits of a share of attention: a patch has one, and there are hundreds. */
const DIGITS = 4;

const explained = z.object({
  ...found.shape,
  patchesPerSide: z
    .int()
    .describe('patches along an edge of the query: attention runs row by row over the square of them'),
  answers: z.array(
    z.object({ ...answer.shape, tokens: z.array(identifierToken).describe('how the identifier was written') }),
  ),
});

export const explain: Tool = {
  changes: false,
  declare(services) {
    // A query of words has no places to look at.
    const { text: _, ...pictureQuery } = querySchema(services).shape;
    return declared({
      title: 'Explain answers',
      description:
        'How the network (dsi) writes the identifiers of its best answers to a picture: for each token its probability, and the patches of the query that it attends to, also drawn.',
      input: z.strictObject({
        ...pictureQuery,
        count: z.int().min(1).max(MOST_EXPLAINED).default(1).describe('how many of the best answers'),
        draw: z.boolean().default(true).describe('whether to draw where the network looked'),
        ...indexSchema(services).shape,
      }),
      output: explained,
      annotations: READING,
      async run({ index, count, draw, ...query }, { signal }) {
        return await answering(services, signal, async (waiting) => {
          const sent = await sentOf(query, services);
          const hosted = services.host.index(index);
          const patchesPerSide = explainable(hosted);
          const filters = { minRelevance: undefined, confidence: undefined, plus: [], minus: [] };
          const settings = { index, k: count, ...filters, explain: true, explainCount: count };
          const plan = services.search.plan({ ...settings, system: ['dsi'] }, hosted);
          const response = await services.search.search(sent, plan, waiting);
          const result = defined(response.results[0], 'the answers of dsi');
          const { answers, ...others } = foundOf(response, result);
          const structured = {
            ...others,
            patchesPerSide,
            answers: answers.map((each, i) => ({ ...each, tokens: rounded(result.answers[i]?.tokens ?? []) })),
          };
          return { structured, pictures: draw ? await drawn(sent, result, hosted, services) : [] };
        });
      },
    });
  },
};

/** @throws ApiError `query-unsupported` */
function explainable(hosted: Hosted): number {
  const { id, details } = hosted;
  const reason = !hosted.has('dsi')
    ? 'was made without dsi'
    : details.patchesPerSide === null
      ? 'reads the tokens of an encoder that have no place in the picture'
      : undefined;
  if (reason === undefined) return details.patchesPerSide ?? NaN;
  throw refused('query-unsupported', `the answers of ${id} cannot be explained: it ${reason}`, 'search it instead');
}

type Answered = SearchResponse['results'][number];

const rounded = (tokens: NonNullable<Answered['answers'][number]['tokens']>) =>
  tokens.map(({ attention, ...token }) => ({
    ...token,
    attention: attention.map((share) => Number(share.toFixed(DIGITS))),
  }));

async function drawn(
  sent: Sent,
  { answers }: Answered,
  { reading }: Hosted,
  { host, limits }: McpServices,
): Promise<ContentBlock[]> {
  const file =
    'bytes' in sent ? sent.bytes : 'picture' in sent ? await (await host.picture(sent.picture)).image() : undefined;
  if (file === undefined) return [];
  const maxPixels = Math.min(limits.maxPixels, reading.maxPixels);
  const content = answers.map(async ({ rank, picture, tokens = [] }): Promise<ContentBlock[]> => {
    if (tokens.length === 0) return [];
    const written = tokens.map(({ token, probability }) => `${token} (${probability.toFixed(2)})`).join(', ');
    const caption = `${rank}. ${picture.id} ${picture.name}: tokens from the left: ${written}`;
    return [{ type: 'text', text: caption }, imageContent(await attentionImage(file, tokens, maxPixels), 'image/jpeg')];
  });
  return (await Promise.all(content)).flat();
}
