import type { Role } from '../dataset.ts';
import { ICONIFY_FILES } from './iconify.ts';
import type { PinnedPackage } from './npm-package.ts';

/**
 * The emoji artists of the demo and what each is for. Catalogue artists are the two with the widest coverage. Those that
 * can be held out for the test are Microsoft's flat Fluent emoji and OpenMoji: each is the only one of its hand here,
 * while Noto 1 and the EmojiOnes are relatives of one another or of a catalogue artist, which would make an unseen
 * artist look easier than it is. OpenMoji's outlined, nearly uncoloured drawings are by far the harder of the two.
 */
export interface Artist {
  /** Name in paths and options. */
  readonly name: string;
  readonly use: 'catalogue' | 'train' | 'validation' | 'test-candidate';
  /** Download size in bytes. */
  readonly bytes: number;
  readonly package: PinnedPackage;
}

const artist = (name: string, use: Artist['use'], version: string, bytes: number, digest: string): Artist => ({
  name,
  use,
  bytes,
  package: { name: `@iconify-json/${name}`, version, integrity: `sha512-${digest}`, files: ICONIFY_FILES },
});

export const ARTISTS: readonly Artist[] = [
  artist(
    'noto',
    'catalogue',
    '1.2.9',
    3102958,
    'DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw==',
  ),
  artist(
    'twemoji',
    'catalogue',
    '1.2.5',
    1555888,
    'uKpuIEV0v6K5BW3Mjdyl+XKFVAbbcPxAgifKvEMtZoUZB5+YiY5zaMm2uNNCxyXzAWU9yNLlj41WU6/mvgALsw==',
  ),
  artist(
    'noto-v1',
    'train',
    '1.2.5',
    1587591,
    '/DsVMius69Q0fRS53z7QK1TROSuar606jiIx+laXtdsYGMXpf6LtHBx6CGfoo3UHHb/XpBsw+1L1x3eyPqMuVA==',
  ),
  artist(
    'emojione',
    'train',
    '1.2.3',
    687690,
    'T9+T3HIbJNLKKsmxYKlaYhvnHYkz/HNYTV7SHCXVZPfeUi4FqskY70YeN8yYAZT8cCv7w5vJxS4Q1m8zb9CMMg==',
  ),
  artist(
    'emojione-v1',
    'train',
    '1.2.3',
    3704153,
    'UjI2VQEXVtGlPBvQuxEizro7QCgBcJDOYwKUupquvvZ8UV4xOlvm45IU82JYWegiAWLerY79gFLMZ26U6Ms+ww==',
  ),
  artist(
    'fxemoji',
    'validation',
    '1.2.2',
    1034876,
    'UAasRaxzFUKfIGSmLwnoarsssA4LX0VLLuEmplIqM6ZNQqIQRtav8tZ4H1neTlBreXuMQyAifr5jP4kn78DpiQ==',
  ),
  artist(
    'streamline-emojis',
    'train',
    '1.2.4',
    381714,
    'iNr9T9XuZVTyQPJO8ZlLxBzPkpi7qMl+z1l0C31vpEMqhPMelth3n7CeWQYtixdetDPdI81yeG4ROqjWpYJE6A==',
  ),
  artist(
    'fluent-emoji-flat',
    'test-candidate',
    '1.2.6',
    1172438,
    'RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw==',
  ),
  artist(
    'openmoji',
    'test-candidate',
    '1.2.29',
    1264633,
    'vXdhkqcXVSO6suy+m9LbcUM3OdVyuNOtpV8/als/WqfkQIRxevL5Geb/g+6GH/Qwnq1OqksEmaDGTCmZ5nFKJQ==',
  ),
];

/** Artists that may be the unseen one; the other of the two is then trained with. */
export const TEST_ARTISTS = ['fluent-emoji-flat', 'openmoji'] as const;

/** An artist whose pictures are the test queries. */
export type TestArtist = (typeof TEST_ARTISTS)[number];

export function roleOf(artist: Artist, testArtist: TestArtist): Role {
  if (artist.use !== 'test-candidate') return artist.use;
  return artist.name === testArtist ? 'test' : 'train';
}
