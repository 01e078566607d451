import type { IndexCard } from 'neurodex/client';
import { go } from '../state/navigation.ts';
import { firstView, type Route } from '../state/route.ts';

/** Chooses the index of the current page. */
export function IndexChooser({
  indexes,
  route,
  index,
}: {
  readonly indexes: readonly IndexCard[];
  readonly route: Exclude<Route, { page: 'compare' }>;
  /** Undefined: the server has no index of the address's name. */
  readonly index: IndexCard | undefined;
}) {
  return (
    <label className="field">
      <span className="hidden">Index</span>
      <select value={index?.id ?? ''} onChange={({ currentTarget }) => go(firstView(route.page, currentTarget.value))}>
        {index === undefined ? <option value="">{route.index}</option> : null}
        {indexes.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
