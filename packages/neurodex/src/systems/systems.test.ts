import { describe, expect, it } from 'vitest';
import type { IndexManifest } from '../artifact/manifest.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { QUERY_KINDS } from '../query/query.ts';
import { SYSTEM_NAMES } from '../query/system.ts';
import { refuseUnaccepted, SYSTEMS, systemsFor } from './systems.ts';

describe('systems', () => {
  it('are declared each, and all but bm25 take pictures', () => {
    expect(Object.keys(SYSTEMS).sort()).toEqual([...SYSTEM_NAMES].sort());
    const manifest = { systems: [...SYSTEM_NAMES] };
    const takePictures = SYSTEM_NAMES.filter((name) => name !== 'bm25');
    expect(systemsFor('picture', manifest)).toEqual(takePictures);
    expect(systemsFor('text', manifest)).toEqual(['bm25']);
    for (const name of takePictures)
      expect(() => refuseUnaccepted(name, [{ kind: 'picture' }], manifest)).not.toThrow();
  });

  it('say how much each query is compared with, where that is much', () => {
    const rows = Array.from({ length: 10 }, (_, row) => row);
    // 10 pictures of 32 × 32 × 3 bytes.
    expect(SYSTEMS.pixels.comparedBytes?.({ rows, size: 32 } as unknown as PictureStore)).toBe(30_720);
    expect(SYSTEMS.dsi.comparedBytes).toBeUndefined();
  });

  it('refuse a query that they do not take, and name those that do', () => {
    const read = { systems: ['dsi', 'bovw'], text: {} } as unknown as Pick<IndexManifest, 'systems' | 'text'>;
    expect(systemsFor('text', read)).toEqual(['dsi', 'bm25']);
    expect(() => refuseUnaccepted('bovw', [{ kind: 'picture' }, { kind: 'text' }], read)).toThrow(
      expect.objectContaining({
        code: 'query-unsupported',
        message: 'bovw takes no text in this index',
        hint: 'ask a system that does: dsi, bm25',
        details: { system: 'bovw', kind: 'text', systems: ['dsi', 'bm25'] },
      }),
    );
    expect(() => refuseUnaccepted('dsi', [{ kind: 'composed' }], { systems: ['dsi'] })).toThrow(
      expect.objectContaining({
        message: 'no system takes pictures and text together in this index',
        hint: expect.stringContaining('build it again'),
      }),
    );
    for (const kind of QUERY_KINDS) expect(() => refuseUnaccepted('dsi', [{ kind }], read)).not.toThrow();
  });

  it('say what an index holds for them', () => {
    const stored = (name: (typeof SYSTEM_NAMES)[number]) => SYSTEMS[name].isStored({});
    expect(SYSTEM_NAMES.filter(stored)).toEqual(['pixels', 'bm25']);
  });
});

describe('each system', () => {
  const [model, bovw, encoder] = [{}, {}, {}] as unknown as [never, never, never];

  it('is stored where its own part is', () => {
    const stored = (parts: Parameters<(typeof SYSTEMS)['dsi']['isStored']>[0]) =>
      SYSTEM_NAMES.filter((name) => SYSTEMS[name].isStored(parts));
    expect(stored({ model })).toEqual(['dsi', 'pixels', 'bm25']);
    expect(stored({ bovw })).toEqual(['bovw', 'pixels', 'bm25']);
    expect(stored({ encoder })).toEqual(['pixels', 'encoder', 'bm25']);
  });

  it('needs what has to be built for it', () => {
    expect(SYSTEM_NAMES.map((name) => [name, SYSTEMS[name].needs])).toEqual([
      ['dsi', 'network'],
      ['bovw', 'vocabulary'],
      ['pixels', undefined],
      ['encoder', 'encoder'],
      ['bm25', undefined],
    ]);
  });
});
