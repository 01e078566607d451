import { type NeurodexError, silentReporter } from '@neurodex/core';
import { describe, expect, it, vi } from 'vitest';
import { NAMED_ENCODERS } from '../models/encoder/named-encoders.ts';
import { allowEncoder, type EncoderRequest, sizeOf } from './encoder-policy.ts';

const OWN = { sha256: 'cd'.repeat(32), bytes: 88_532_934 };
const MOBILECLIP = { sha256: NAMED_ENCODERS['mobileclip-s0'].source.vision.sha256, bytes: 45_543_630 };
const DINO = { sha256: NAMED_ENCODERS['dinov2-small'].source.vision.sha256, bytes: 88_532_934 };

function asked(more: Partial<EncoderRequest>): { error?: NeurodexError; warned: string[] } {
  const warn = vi.fn<(message: string) => void>();
  const reporter = { ...silentReporter, warn };
  const warned = () => warn.mock.calls.map(([message]) => message);
  try {
    allowEncoder({ folder: 'photos.index', encoder: OWN, kinds: ['onnx'], withEncoder: true, reporter, ...more });
    return { warned: warned() };
  } catch (error) {
    return { error: error as NeurodexError, warned: warned() };
  }
}

describe('an export with the encoder of its network', () => {
  it('is made without a word where the licence lets everyone pass the encoder on', () => {
    expect(asked({ encoder: DINO })).toEqual({ warned: [] });
  });

  it('says that a licence is not known', () => {
    expect(asked({})).toEqual({ warned: [expect.stringContaining('whose licence is not known')] });
    const published = { name: 'dinov9', source: 'a/b', revision: '1', licence: 'BSD-9', url: 'https://example.org/L' };
    expect(asked({ encoder: { ...OWN, published } }).warned).toEqual([
      expect.stringMatching(/dinov9 under BSD-9: check https:\/\/example\.org\/L/),
    ]);
  });

  it('is refused until it is asked for, with what it would hold', () => {
    const { error } = asked({ withEncoder: false, encoder: DINO });
    expect(error).toMatchObject({ code: 'encoder-unusable', message: expect.stringContaining('photos.index') });
    expect(error?.hint).toContain('add --with-encoder');
    expect(error?.hint).toContain('89 MB, licence Apache-2.0');
    expect(asked({ withEncoder: false }).error?.hint).toContain('licence not known');
  });

  it('is refused for a licence that does not let everyone pass it on, and says where the encoder is', () => {
    for (const withEncoder of [true, false]) {
      const { error } = asked({ encoder: MOBILECLIP, withEncoder });
      expect(error?.code).toBe('encoder-unusable');
      expect(error?.message).toContain('mobileclip-s0');
      const { repo, revision } = NAMED_ENCODERS['mobileclip-s0'].source;
      for (const part of [repo, revision, MOBILECLIP.sha256]) expect(error?.hint).toContain(part);
      expect(error?.hint).not.toContain('--with-encoder');
    }
  });

  it('is refused for --triton, which cannot run one, whether it is asked for or not', () => {
    for (const withEncoder of [true, false]) {
      const { error } = asked({ encoder: DINO, kinds: ['onnx', 'triton'], withEncoder });
      expect(error?.message).toContain('--triton cannot hold it');
      expect(error?.hint).toContain('--onnx or --web with --with-encoder');
    }
  });

  it('has a size on a static site that a browser can hold, and a warning where visitors will wait', () => {
    const web = (bytes: number) => asked({ encoder: { ...DINO, bytes }, kinds: ['onnx', 'web'] });
    expect(web(100e6)).toEqual({ warned: [] });
    expect(web(352e6)).toEqual({
      warned: [expect.stringMatching(/^--web holds an encoder of 352 MB, which every visitor/)],
    });
    const { error, warned } = web(501e6);
    expect(error?.message).toContain('of 501 MB, and --web holds up to 500 MB');
    expect(warned).toEqual([]);
    expect(asked({ encoder: { ...DINO, bytes: 501e6 } })).toEqual({ warned: [] });
  });
});

it('sizes are told in three places at most', () => {
  expect([1536, 45_543_630, 1_129_469_657].map(sizeOf)).toEqual(['1.5 kB', '46 MB', '1.13 GB']);
});
