import { useMemo } from 'react';
import { Failure, Loading, NoticePage } from '../components/notice.tsx';
import type { EngineDescription, Picture, Query, ReferencePicture, SystemName } from '../engine.ts';
import { apiEngine } from '../state/api-engine.ts';
import { useClient } from '../state/context.ts';
import { fileKey, fileName, openedFile } from '../state/files.ts';
import { go } from '../state/navigation.ts';
import { useResource } from '../state/resource.ts';
import { hrefOf, type SearchRoute, searchFor } from '../state/route.ts';
import { queryOf } from '../state/search.ts';
import { systemsFor } from '../state/systems.ts';
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
  const more = (picked: Picture): SearchRoute => {
    const query = { picture: { kind: 'picture', picture: picked }, text: '', minus: [] } as const;
    return searchFor(index, picked.id, { k: route.k, system: keptSystem(route, query, description.value) });
  };
  return (
    <SearchView
      key={index}
      engine={engine}
      description={description.value}
      picture={picture}
      words={route.words ?? ''}
      refusal={refusalIn(route, picture)}
      scope={{ k: route.k, system: route.system }}
      onQuery={(asked, words) => {
        const system = keptSystem(route, queryOf(asked, words), description.value);
        go({ ...route, index, ...addressOf(asked), words: words || null, system });
      }}
      onScope={(scope) => go({ ...route, index, ...scope })}
      pick={{ href: (picked) => hrefOf(more(picked)), onPick: (picked) => go(more(picked)) }}
    />
  );
}

/** The system that the visitor chose, where it takes the next query as well. */
function keptSystem({ system }: SearchRoute, query: Query | null, description: EngineDescription): SystemName | null {
  return system === null || query === null || systemsFor(query, description).includes(system) ? system : null;
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
