import { NeurodexError } from '@neurodex/core';
import type { SourcePicture } from '@neurodex/datasets';
import { type Addition, addPictures } from '../changes/add-pictures.ts';
import type { IndexWriter } from '../changes/index-writer.ts';
import type { ChangeRequest, Outcome } from './index-changes.ts';

type Add = ChangeRequest & { readonly kind: 'add' };

/**
 * Makes one version of an index out of several requests. Where it cannot be what all of them want, each is tried by itself.
 * @param requests in which no name of a picture occurs twice
 * @throws NeurodexError after which the writer cannot go on
 */
export async function changeTogether(writer: IndexWriter, requests: readonly ChangeRequest[]): Promise<Outcome[]> {
  try {
    return await commit(writer, requests);
  } catch (error) {
    // The last picture would be gone: the index is as it was.
    if (!(error instanceof NeurodexError) || error.code !== 'index-fixed') throw error;
    if (requests.length === 1) {
      return [
        {
          kind: 'refused',
          code: 'index-fixed',
          message: 'the index would be left without a catalogue picture',
          hint: 'add others first',
        },
      ];
    }
    const outcomes: Outcome[] = [];
    for (const request of requests) outcomes.push(...(await changeTogether(writer, [request])));
    return outcomes;
  }
}

async function commit(writer: IndexWriter, requests: readonly ChangeRequest[]): Promise<Outcome[]> {
  const refused = new Map<ChangeRequest, Outcome>();
  const remove = new Set<number>();
  for (const request of requests) {
    if (request.kind === 'add') continue;
    const reason = refusalOf(writer, request);
    if (reason === undefined) remove.add(request.picture);
    else refused.set(request, reason);
  }
  const sources = requests.flatMap((request) => (request.kind === 'add' ? sourcesOf(request) : []));
  const addition = await addPictures(writer, sources, { with: { remove: [...remove] } });
  return requests.map(
    (request) =>
      refused.get(request) ?? (request.kind === 'add' ? added(writer, addition, request) : { kind: 'removed' }),
  );
}

function refusalOf(
  writer: IndexWriter,
  { picture, created }: ChangeRequest & { readonly kind: 'remove' },
): Outcome | undefined {
  if (writer.manifest.created !== created) {
    return { kind: 'refused', code: 'index-replaced', message: 'another index has taken the place of this one' };
  }
  if (writer.pictures.picture(picture) !== undefined) return undefined;
  return { kind: 'refused', code: 'picture-unknown', message: `the index has no picture ${picture} any more` };
}

const sourcesOf = ({ pictures, labels }: Add): SourcePicture[] =>
  pictures.map(({ name, bytes }) => ({ path: name, labels, read: async () => bytes }));

/** The part of an addition that one request asked for. */
function added(writer: IndexWriter, addition: Addition, { pictures }: Add): Outcome {
  const own = new Set(pictures.map(({ name }) => name));
  return {
    kind: 'added',
    added: addition.added
      .filter(({ path }) => own.has(path))
      .flatMap(({ id }) => {
        const { row: _, ...picture } = writer.pictures.picture(id) ?? { id: undefined };
        return picture.id === undefined ? [] : [picture];
      }),
    known: addition.known
      .filter(({ path }) => own.has(path))
      .map(({ path, as }) => ({ name: path, as: writer.pictures.named(as)?.id ?? Number.NaN })),
    failed: addition.failed.filter(({ input }) => own.has(input)),
  };
}
