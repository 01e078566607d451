import type { IndexCard } from 'neurodex/client';
import type { ReactNode } from 'react';
import { Failure, Loading, Notice } from '../components/notice.tsx';
import type { Resource } from '../state/resource.ts';
import { firstView, hrefOf, type Route } from '../state/route.ts';

/** The notice that stands in for the page; null where the page can be shown. */
export function noticeOf(
  resource: Resource<readonly IndexCard[]>,
  route: Route | null,
  index: IndexCard | undefined,
): ReactNode {
  if (resource.state === 'failed') return <Failure error={resource.error} retry={resource.retry} />;
  if (resource.state === 'loading') return <Loading activity="Loading the list of indexes" />;
  if (route === null) {
    return (
      <Notice title="There is no such page.">
        <p>
          <a href={hrefOf(firstView('search', null))}>Go to the search</a>
        </p>
      </Notice>
    );
  }
  if (resource.value.length === 0) {
    return (
      <Notice title="This server has no index.">
        <p>
          Make one with <code>neurodex index SOURCE --out DIR</code> and serve it: <code>neurodex serve DIR</code>.
        </p>
      </Notice>
    );
  }
  if (route.page === 'compare' || index !== undefined) return null;
  return (
    <Notice title={`This server has no index ${route.index}.`}>
      <p>
        <a href={hrefOf(firstView(route.page, null))}>Go to the default index</a>
      </p>
    </Notice>
  );
}
