import { useMemo } from 'react';
import { Failure, Loading, NoticePage } from '../components/notice.tsx';
import type { ReferencePicture } from '../engine.ts';
import { apiEngine } from '../state/api-engine.ts';
import { useClient } from '../state/context.ts';
import { fileKey, fileName, openedFile } from '../state/files.ts';
import { go } from '../state/navigation.ts';
import { useResource } from '../state/resource.ts';
import { hrefOf, type SearchRoute, searchFor } from '../state/route.ts';
import { parseWords, refusalOf } from '../state/words.ts';
import { SearchView } from './search-view.tsx';

/** Searches one index of the server with the picture and the words of the address. */
export function SearchPage({ route, index }: { readonly route: SearchRoute; readonly index: string }) {
  const client = useClient();
  const engine = useMemo(() => apiEngine(client, index), [client, index]);
  const description = useResource(`describe ${index}`, () => engine.describe());
  const stored = useResource(route.picture, (signal) => client.picture(route.picture ?? '', signal));
  const found = stored.state === 'ready' && route.picture !== null ? stored.value : null;
  const file = openedFile(route.file);
  const picture = useMemo<ReferencePicture | null>(() => {
    if (file !== null) return { kind: 'file', file };
    return found === null ? null : { kind: 'picture', picture: found };
  }, [file, found]);
  const failed = [description, ...(route.picture === null ? [] : [stored])].find(({ state }) => state === 'failed');
  if (failed?.state === 'failed') {
    return (
      <NoticePage heading="Search">
        <Failure error={failed.error} retry={failed.retry} />
      </NoticePage>
    );
  }
  if (description.state !== 'ready' || (route.picture !== null && picture === null)) {
    return (
      <NoticePage heading="Search">
        <Loading activity="Opening the index" />
      </NoticePage>
    );
  }
  return (
    <SearchView
      key={index}
      engine={engine}
      description={description.value}
      picture={picture}
      words={route.words ?? ''}
      refusal={refusalIn(route, picture)}
      k={route.k}
      onQuery={(asked, words) => go({ ...route, index, ...addressOf(asked), words: words || null })}
      onK={(k) => go({ ...route, index, k })}
      pick={{
        href: ({ id }) => hrefOf(searchFor(index, id, route.k)),
        onPick: ({ id }) => go(searchFor(index, id, route.k)),
      }}
    />
  );
}

function addressOf(picture: ReferencePicture | null): Pick<SearchRoute, 'picture' | 'file'> {
  if (picture === null) return { picture: null, file: null };
  return picture.kind === 'file'
    ? { picture: null, file: fileKey(picture.file) }
    : { picture: picture.picture.id, file: null };
}

/** Why an address cannot be searched with, in words; null where it can. */
function refusalIn({ file, words }: SearchRoute, picture: ReferencePicture | null): string | null {
  if (picture !== null) return null;
  if (file !== null) {
    return `the address names your picture ${fileName(file)}, but does not hold it; choose it again`;
  }
  return words === null ? null : refusalOf(parseWords(words));
}
