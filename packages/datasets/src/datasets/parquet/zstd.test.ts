import { describe, expect, test } from 'vitest';
import { decompressZstd } from './zstd.ts';

const text = Buffer.from(Array.from({ length: 300 }, (_, i) => `line ${i % 7} of ${i % 50}\n`).join(''));
/** Of `text`, by zstd 1.5: `-19 --check`, and `-3 --no-check` from a pipe, which does not know the length. */
const SIZED = Buffer.from(
  'KLUv/WQADgUNAPZiQROwV9IBfQQxSSDI3ntLKY9zRFcCPwA5ADkAsXBNz3Ln++NQNFLuCK1Sp9KWXW80sEgcCktynMGwGm0m67jtxcI1Pcud749DUcyItOT2ABEwcBAQAQIGBAUB0pZdbzSwSBwKS3KcwbAabSbruO3FwjU9y53vj0PRSLkjtEqdSlt2vdHAInEoLMlxBsNqtJms47YXso7bXixc07Pc+f44FI2UO0Kr1Km0ZdcbDSwSh8KSHGcwrEabyTpue7FwTc9y5/vjUDRS7gitUqcBAKFV6lTasuuNBhaJQ2FJjjMYVqPNZB23vVi4pme58/1xKBopd4RWqVNpy643GlgkDoUlOc5gWI02C4EyqBHg+L0DAVcg6QERMAhCmB/KzFnL8y6utmp9CycXxj7jtd76uzPOnLkedHPcqvXliVwAm4xosTUXV5kzZz3o5nir1pcTuQB2MqLF1lxscebM9aCb41atL0/kAthkRIutubHKnDnrQXeOW7W+nMiFYJMRLbbmYoszZ64H3Ry3as0KO+SiAAgACAAMAAgABAAERoC4FVUBMd1KEw==',
  'base64',
);
const STREAMED = Buffer.from(
  'KLUv/QBYtQoAptUrErAlGQPWQRgYZkGIMjNz1iXDgS0AJQAhAKdZkqMYFsTweR23aVlBDKJcRZcrFiM05LdbctMYFIaGIIAAEMgYFEaGIIAAEJxyl1Ou3OWUu5xyl1PucspdTrnLKXdBDHe5FMTwui27qmlBDAG5y4lT7nLKXU65yyl3OeUup9zllCl3OeUup9zllLuccjeBomNQGC6n3OWUu5xyl1Pucspdrpxyl1PucspdTrnLKXc5BYFIqIHo7n8GwSeVdBFAEIOIEPMDan211VY/UiyTi0sEhhKE4LHNNtssQoplcnGJwFCCEDy22WabRUixTC4uERhKEILHNttsswgplsnFJQJDCULw2GabbVZEGBRGXhQ9VPxQAaKiEBXHKousJgvgx/98ns/ivufzfD6D/d/n8/ikhLdtIPgR+w1WIeDHbflzs/ZuCx7XBkQrllhpxSpWLBZ5Ia0C',
  'base64',
);

describe('Zstandard of known length', () => {
  test.each([
    ['with its length', SIZED],
    ['without its length', STREAMED],
  ])('%s', (_, packed) => {
    expect(Buffer.from(decompressZstd(packed, text.length)).equals(text)).toBe(true);
    for (const wrong of [0, 1, text.length - 1, text.length + 1]) expect(() => decompressZstd(packed, wrong)).toThrow();
    for (const cut of [0, 3, 8, 20, packed.length - 1]) {
      expect(() => decompressZstd(packed.subarray(0, cut), text.length)).toThrow();
    }
  });

  test('two frames, one behind the other', () => {
    const both = decompressZstd(Buffer.concat([SIZED, STREAMED]), 2 * text.length);
    expect(Buffer.from(both).equals(Buffer.concat([text, text]))).toBe(true);
  });

  test('a frame of repeated bytes ends where its length does', () => {
    const block = (last: number) => [
      ((131072 << 3) | 2 | last) & 255,
      (((131072 << 3) | 2) >> 8) & 255,
      (131072 << 3) >> 16,
      7,
    ];
    const frame = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, ...block(0), ...block(0), ...block(1)]);
    expect(decompressZstd(frame, 3 * 131072).every((byte) => byte === 7)).toBe(true);
    expect(() => decompressZstd(frame, 2 * 131072)).toThrow('longer');
    expect(() => decompressZstd(frame, 4 * 131072)).toThrow('shorter');
    // A window of 2 TiB.
    expect(() => decompressZstd(Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, ...block(1)]), 131072)).toThrow(
      'window',
    );
  });
});
