import { describe, expect, it } from 'vitest';
import type { QueryKind } from '../query/query.ts';
import { SYSTEM_NAMES } from '../query/system.ts';
import { refuseUnaccepted, SYSTEMS, systemsFor } from './systems.ts';

describe('systems', () => {
  it('are declared each, and all of them take pictures', () => {
    expect(Object.keys(SYSTEMS).sort()).toEqual([...SYSTEM_NAMES].sort());
    expect(systemsFor('picture')).toEqual(SYSTEM_NAMES);
    for (const name of SYSTEM_NAMES) expect(() => refuseUnaccepted(name, [{ kind: 'picture' }])).not.toThrow();
  });

  it('refuse a query that they do not take, and name those that do', () => {
    const kind = 'sound' as unknown as QueryKind;
    expect(() => refuseUnaccepted('bovw', [{ kind: 'picture' }, { kind: kind as 'picture' }])).toThrow(
      expect.objectContaining({
        code: 'query-unsupported',
        message: 'bovw takes no query of the kind sound',
        hint: 'no system takes such queries',
      }),
    );
  });

  it('say what an index holds for them', () => {
    const stored = (name: (typeof SYSTEM_NAMES)[number]) => SYSTEMS[name].isStored({});
    expect(SYSTEM_NAMES.filter(stored)).toEqual(['pixels']);
  });
});

describe('each system', () => {
  const [model, bovw, encoder] = [{}, {}, {}] as unknown as [never, never, never];

  it('is stored where its own part is', () => {
    const stored = (parts: Parameters<(typeof SYSTEMS)['dsi']['isStored']>[0]) =>
      SYSTEM_NAMES.filter((name) => SYSTEMS[name].isStored(parts));
    expect(stored({ model })).toEqual(['dsi', 'pixels']);
    expect(stored({ bovw })).toEqual(['bovw', 'pixels']);
    expect(stored({ encoder })).toEqual(['pixels', 'encoder']);
  });

  it('needs what has to be built for it', () => {
    expect(SYSTEM_NAMES.map((name) => [name, SYSTEMS[name].needs])).toEqual([
      ['dsi', 'network'],
      ['bovw', 'vocabulary'],
      ['pixels', undefined],
      ['encoder', 'encoder'],
    ]);
  });

  it('names the systems that take a query in its place', () => {
    const kind = 'sound' as unknown as QueryKind;
    expect(systemsFor(kind)).toEqual([]);
    expect(() => refuseUnaccepted('dsi', [{ kind: kind as 'picture' }])).toThrow(
      expect.objectContaining({ details: { system: 'dsi', kind: 'sound', systems: [] } }),
    );
  });
});
