import type { SearchScope, SystemName } from '../engine.ts';
import { CHOICES_OF_K } from '../state/route.ts';

/** Chooses how many answers are shown, and of which system. */
export function ScopeChooser({
  scope,
  systems,
  onScope,
}: {
  readonly scope: SearchScope;
  /** Those that can answer the query. */
  readonly systems: readonly SystemName[];
  readonly onScope: (scope: SearchScope) => void;
}) {
  const { k, system } = scope;
  const counts = [...new Set([...CHOICES_OF_K, k])].sort((a, b) => a - b);
  const offered = system === null || systems.includes(system) ? systems : [system, ...systems];
  return (
    <>
      <label className="field">
        Answers per system
        <select value={k} onChange={({ currentTarget }) => onScope({ k: Number(currentTarget.value), system })}>
          {counts.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      </label>
      {offered.length < 2 ? null : (
        <label className="field">
          System
          <select
            value={system ?? ''}
            onChange={({ currentTarget: { value } }) =>
              onScope({ k, system: offered.find((name) => name === value) ?? null })
            }
          >
            <option value="">All</option>
            {offered.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}
