import { basename } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { z } from 'zod';
import { addition } from '../../server/api/schemas.ts';
import type { SentPicture } from '../../server/index-changes.ts';
import { NAME_CHARACTERS } from '../../server/limits.ts';
import { failureOf, refused } from '../failure.ts';
import { indexSchema, localPath, pictureBytes } from '../query.ts';
import { picture, pictureOf } from '../result-schemas.ts';
import type { McpServices } from '../services.ts';
import { ADDING, declared, type Tool } from '../tool.ts';

/** Pictures in one call. */
const MOST_PICTURES = 50;

const label = z
  .string()
  .trim()
  .min(1)
  .max(NAME_CHARACTERS)
  .regex(/^\P{Cc}*$/u, 'must have no control characters');
/** No part of a path: a name is the same on every system. */
const name = label.regex(/^[^\\/]*$/, 'must have no slashes').refine((text) => text !== '.' && text !== '..');

const SENT = z.strictObject({
  file: z.string().min(1).optional().describe('path of a picture file on this machine'),
  image: z.string().min(1).optional().describe('a picture file as base64'),
  name: name.optional().describe('under which it is added; needed with image, else that of the file'),
});

const failure = z.object({ name: z.string(), code: z.string(), message: z.string(), hint: z.string().nullable() });

export const add: Tool = {
  changes: true,
  declare: (services) =>
    declared({
      title: 'Add pictures',
      description: 'Add pictures to an index. Nothing is trained; searches find them when the call returns.',
      input: z.strictObject({
        pictures: z
          .array(services.isLocal ? SENT : SENT.omit({ file: true }))
          .min(1)
          .max(MOST_PICTURES),
        labels: z.array(label).max(MOST_PICTURES).default([]).describe('of all of these pictures'),
        ...indexSchema(services).shape,
      }),
      output: z.object({
        ...addition.pick({ index: true, version: true, served: true, known: true }).shape,
        added: z.array(picture),
        failed: z.array(failure).describe('pictures that could not be added, and why'),
      }),
      annotations: ADDING,
      async run({ pictures, labels, index }, { signal, reporter }) {
        const leave = services.host.enter();
        try {
          services.changes.check(index);
          const read = await readPictures(pictures, services);
          signal.throwIfAborted();
          const total = pictures.length;
          const form = { pictures: read.pictures, labels, failed: [] };
          const { added, failed, ...others } = await services.changes.add(index, form);
          reporter.progress({ phase: 'add', done: total, total, unit: 'pictures' });
          const refusedThere = failed.map(({ name: input, problem: { code, detail, hint = null } }) => ({
            ...{ name: input, code, message: detail, hint },
          }));
          return {
            structured: { ...others, added: added.map(pictureOf), failed: [...read.failed, ...refusedThere] },
          };
        } finally {
          leave();
        }
      },
    }),
};

/**
 * Reads the pictures; one that cannot be read is said at the end, where others can be added.
 * @throws ApiError; NeurodexError: the error of the first where none can be
 */
async function readPictures(
  given: readonly z.output<typeof SENT>[],
  services: McpServices,
): Promise<{ readonly pictures: readonly SentPicture[]; readonly failed: readonly z.output<typeof failure>[] }> {
  const pictures = new Map<string, SentPicture>();
  const failed: { readonly error: unknown; readonly told: z.output<typeof failure> }[] = [];
  for (const one of given) {
    const own = nameOf(one);
    try {
      if (pictures.has(own)) throw twice(own);
      pictures.set(own, { name: own, bytes: Uint8Array.from(await pictureBytes(one, services)) });
    } catch (error) {
      const { code, message, hint = null, isFault } = failureOf(error, services.isLocal);
      if (isFault) throw error;
      failed.push({ error, told: { name: own, code, message, hint } });
    }
  }
  if (pictures.size === 0) throw failed[0]?.error;
  return { pictures: [...pictures.values()], failed: failed.map(({ told }) => told) };
}

/** @throws ApiError `parameter-invalid` */
function nameOf({ file, image, name: own }: z.output<typeof SENT>): string {
  if ((file === undefined) === (image === undefined)) {
    throw refused('parameter-invalid', 'a picture is one file or one image', 'give one of them for each picture');
  }
  const named = own ?? (file === undefined ? undefined : basename(localPath(file)));
  if (named !== undefined) return named;
  throw refused('parameter-invalid', 'an image has no name', 'give it a name, such as beach.jpg');
}

const twice = (own: string): NeurodexError =>
  new NeurodexError('picture-changed', `the call has another picture with the name ${own}`, {
    hint: 'give it another name',
  });
