import { useSyncExternalStore } from 'react';
import { hrefOf, type Route } from './route.ts';

const ROUTE_CHANGED = 'neurodex-route-changed';

/** Goes to a route. The event renders the page at once: `hashchange` fires only in a later task. */
export function go(route: Route): void {
  location.hash = hrefOf(route);
  dispatchEvent(new Event(ROUTE_CHANGED));
}

/** The current fragment. */
export const useFragment = (): string =>
  useSyncExternalStore(
    (changed) => {
      for (const event of ['hashchange', ROUTE_CHANGED]) addEventListener(event, changed);
      return () => {
        for (const event of ['hashchange', ROUTE_CHANGED]) removeEventListener(event, changed);
      };
    },
    () => location.hash,
  );
