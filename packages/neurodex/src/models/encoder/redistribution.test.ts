import { describe, expect, it } from 'vitest';
import { NAMED_ENCODERS } from './named-encoders.ts';
import { knownEncoder } from './redistribution.ts';

const UNKNOWN = 'ab'.repeat(32);
const published = (name: string) => ({
  name,
  source: 'somebody/model',
  revision: '0123',
  licence: 'as recorded',
  url: 'https://example.org/LICENSE',
});

describe('whose an encoder is', () => {
  it('is known by its name, with the licence that is declared and the revision that was used', () => {
    expect(knownEncoder({ sha256: UNKNOWN, published: published('dinov2-small') })).toEqual({
      name: 'dinov2-small',
      source: 'somebody/model',
      revision: '0123',
      licence: { name: 'Apache-2.0', url: NAMED_ENCODERS['dinov2-small'].licence.url },
      redistributable: true,
      terms: { text: 'Apache-2.0' },
      converted: false,
    });
    expect(knownEncoder({ sha256: UNKNOWN, published: published('mobileclip-s0') })?.redistributable).toBe(false);
  });

  it('is known by its digest, where its file was named', () => {
    const { source } = NAMED_ENCODERS['mobileclip-s0'];
    expect(knownEncoder({ sha256: source.vision.sha256 })).toMatchObject({
      name: 'mobileclip-s0',
      source: 'Xenova/mobileclip_s0',
      revision: source.revision,
      redistributable: false,
    });
  });

  it('is what the index recorded of a name that this version does not have', () => {
    expect(knownEncoder({ sha256: UNKNOWN, published: published('dinov9') })).toEqual({
      name: 'dinov9',
      source: 'somebody/model',
      revision: '0123',
      licence: { name: 'as recorded', url: 'https://example.org/LICENSE' },
      redistributable: undefined,
      converted: false,
    });
  });

  it('is not known of any other file', () => {
    expect(knownEncoder({ sha256: UNKNOWN })).toBeUndefined();
  });

  it('is free to pass on under the licences that say so, and under no other', () => {
    for (const { licence } of Object.values(NAMED_ENCODERS))
      expect([licence.name, licence.redistributable]).toEqual([
        licence.name,
        ['Apache-2.0', 'MIT'].includes(licence.name),
      ]);
  });
});
