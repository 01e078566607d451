import pLimit from 'p-limit';
import { z } from 'zod';
import { type DuplicateGroup, findDuplicates } from '../../jobs/find-duplicates.ts';
import { DUPLICATE_KINDS, KIND_HELP } from '../../pictures/duplicate-facts.ts';
import type { Hosted } from '../../server/hosted.ts';
import { refused } from '../failure.ts';
import { type Shown, thumbnailsOf } from '../image-content.ts';
import { indexSchema } from '../query.ts';
import { declared, READING, type Tool } from '../tool.ts';

const MOST_GROUPS = 100;
const MOST_THUMBNAILS = 24;
/** Members of a group that are listed. */
const MOST_MEMBERS = 50;
/** Pictures that are listed at one time, to find their ids. */
const PAGE = 500;

const kind = z.enum(DUPLICATE_KINDS);
const count = z.int().min(0);
const kindHelp = DUPLICATE_KINDS.map((name) => `${name}: ${KIND_HELP[name]}`).join('; ');

const output = z.object({
  index: z.string(),
  pictures: count.describe('that were compared'),
  groupCount: count.describe('of all groups'),
  duplicates: count.describe('pictures that are not the best of their group'),
  kinds: z.record(kind, count),
  groups: z
    .array(
      z.object({
        size: count.describe('pictures of the group'),
        members: z
          .array(
            z.object({
              picture: z.string().nullable().describe('id; null where it was removed meanwhile'),
              name: z.string(),
              kind: kind.nullable().describe('how it is a duplicate of the best one; null for that'),
              similarity: z.number(),
              labels: z.array(z.string()),
            }),
          )
          .describe(`the best first, ${MOST_MEMBERS} at most`),
      }),
    )
    .describe('the first groups, as many as were asked for'),
});

export const duplicates: Tool = {
  changes: false,
  declare(services) {
    // Each compares a whole index: two would only take the memory of both.
    const one = pLimit(1);
    return declared({
      title: 'Find duplicates',
      description:
        'Group the pictures of an index that show the same. Nothing is changed. May take minutes in a large index.',
      input: z.strictObject({
        kinds: z.array(kind).min(1).optional().describe(`only duplicates of these kinds (all by default). ${kindHelp}`),
        limit: z.int().min(1).max(MOST_GROUPS).default(20).describe('groups'),
        thumbnails: z.int().min(0).max(MOST_THUMBNAILS).default(0).describe('small pictures of so many members'),
        ...indexSchema(services).shape,
      }),
      output,
      annotations: READING,
      async run({ index, kinds, limit, thumbnails }, { signal, reporter }) {
        const leave = services.host.enter();
        try {
          const hosted = services.host.index(index);
          if (hosted.shards !== undefined) throw inShards(index);
          const found = await one(() => {
            signal.throwIfAborted();
            const path = services.folderOf(index);
            const chosen = kinds === undefined ? {} : { kinds };
            return findDuplicates({ path, open: notASource, sourceFlags: [], ...chosen, reporter, signal });
          });
          const groups = await named(found.groups.slice(0, limit), hosted);
          const shown = groups.flatMap(({ members }) => members).flatMap(shownMember);
          return {
            structured: {
              ...{ index, pictures: found.pictures, groupCount: found.groups.length },
              ...{ duplicates: found.duplicates, kinds: found.kinds, groups },
            },
            pictures: await thumbnailsOf(shown.slice(0, thumbnails), services),
          };
        } finally {
          leave();
        }
      },
    });
  },
};

type Member = z.output<typeof output>['groups'][number]['members'][number];

const shownMember = ({ picture, name, kind: how }: Member): Shown[] =>
  picture === null ? [] : [{ picture, caption: `${picture} ${name}${how === null ? '' : ` (${how})`}` }];

/** Groups with the ids of their members. */
async function named(
  groups: readonly DuplicateGroup[],
  hosted: Hosted,
): Promise<{ readonly size: number; readonly members: readonly Member[] }[]> {
  const wanted = new Set(groups.flatMap(({ members }) => members.slice(0, MOST_MEMBERS).map(({ path }) => path)));
  const ids = new Map<string, string>();
  for (let offset = 0; ids.size < wanted.size; offset += PAGE) {
    const { pictures } = await hosted.pictures({ offset, limit: PAGE });
    for (const { name, id } of pictures) if (wanted.has(name)) ids.set(name, id);
    if (pictures.length < PAGE) break;
  }
  return groups.map(({ members }) => ({
    size: members.length,
    members: members.slice(0, MOST_MEMBERS).map(({ path, kind: how, similarity, labels }) => ({
      ...{ picture: ids.get(path) ?? null, name: path, kind: how, similarity, labels: [...labels] },
    })),
  }));
}

const inShards = (index: string): Error =>
  refused(
    'query-unsupported',
    `${index} is an index in shards, in which duplicates are not looked for`,
    'look for them in the pictures that it is made of, with neurodex duplicates',
  );

/** An index that is served is no source. */
const notASource = (): never => {
  throw refused('index-replaced', 'there is no index at its place any more', 'try again');
};
