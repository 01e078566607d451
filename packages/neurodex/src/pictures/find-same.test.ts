import type { Picture } from '@neurodex/datasets/picture';
import { describe, expect, it } from 'vitest';
import { findSamePictures } from './find-same.ts';
import { grey, ripple, stripes } from './pictures.fixture.ts';

/** One picture of a list, in the three forms that are looked at. */
interface Entry {
  readonly file?: string;
  readonly key?: string;
  readonly fingerprint?: Uint8Array;
  readonly pixels?: Picture;
  /** A byte that the thumbnail is known by. */
  readonly thumbnail?: number;
  readonly decoded?: Picture | 'faulty';
  readonly digest?: string;
}

const even = (red: number, green = red, blue = red) =>
  Uint8Array.from({ length: 192 }, (_, i) => [red, green, blue][i % 3] ?? NaN);

/** Finds the same pictures of a list, and what was looked at on the way. By default all of them are nearly alike. */
async function find(entries: readonly Entry[]) {
  const looks: string[] = [];
  const at = (i: number): Entry => entries[i] ?? {};
  const keys = entries.map(({ file, key, fingerprint = even(100) }, i) => ({
    file: file ?? `file ${i}`,
    pixels: key ?? `pixels ${i}`,
    fingerprint,
  }));
  const found = await findSamePictures(keys, {
    pixels: async (i) => {
      looks.push(`pixels ${i}`);
      return at(i).pixels ?? grey(2, (x) => x);
    },
    thumbnail: async (i) => {
      looks.push(`thumbnail ${i}`);
      return Uint8Array.of(at(i).thumbnail ?? i, i);
    },
    decodeThumbnail: async (png) => {
      looks.push(`decode ${png[1]}`);
      const { decoded = grey(16, stripes) } = at(png[1] ?? NaN);
      return decoded === 'faulty' ? undefined : decoded;
    },
    wholeDigest: async (i) => {
      looks.push(`whole ${i}`);
      return at(i).digest;
    },
  });
  return { exact: [...found.exact], alike: [...found.alike], looks, kinds: new Set(looks.map((l) => l.split(' ')[0])) };
}

/** 16 × 16 pixels that share nothing with another number's: one light pixel each. */
const other = (number: number): Picture => grey(16, (x, y) => (16 * y + x === number ? 255 : 0));
/** Pictures of one colour: whatever else is said of them, they are certainly not the same. */
const flat = (level: number): Picture => grey(2, () => level);

describe('the same picture', () => {
  it('of no pictures is none, and one is its own', async () => {
    expect(await find([])).toMatchObject({ exact: [], alike: [], looks: [] });
    expect(await find([{}])).toMatchObject({ exact: [0], alike: [0], looks: [] });
  });

  it('is the same file, which nobody looks at', async () => {
    const { exact, alike, looks } = await find([
      { file: 'a', fingerprint: even(0) },
      { file: 'b', fingerprint: even(200) },
      { file: 'a', fingerprint: even(0) },
      { file: 'a', fingerprint: even(0) },
      { file: 'b', fingerprint: even(200) },
    ]);
    expect([exact, alike, looks]).toEqual([[0, 1, 0, 0, 1], [0, 1, 0, 0, 1], []]);
  });

  it('is the same pixels as the model and as people see them', async () => {
    // The files of these thumbnails differ, and what is in them does not.
    const { exact, alike, looks } = await find([{ thumbnail: 1 }, { thumbnail: 1 }]);
    expect([exact, alike]).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(looks).toEqual(['pixels 1', 'pixels 0', 'thumbnail 1', 'thumbnail 0', 'decode 1', 'decode 0']);
  });

  it('needs no decoding where the thumbnails are the same bytes', async () => {
    const keys = [0, 1].map((i) => ({ file: `${i}`, pixels: 'p', fingerprint: even(9) }));
    const fail = async () => {
      throw new Error('is not asked for');
    };
    const found = await findSamePictures(keys, {
      pixels: async () => flat(9),
      thumbnail: async () => Uint8Array.of(1, 2, 3),
      decodeThumbnail: fail,
      wholeDigest: fail,
    });
    expect(found).toEqual({ exact: [0, 0], alike: [0, 0] });
  });

  it('is decoded where thumbnails are the same bytes and pixels are not', async () => {
    const decoded: number[] = [];
    const keys = [0, 1].map((i) => ({ file: `${i}`, pixels: `${i}`, fingerprint: even(9) }));
    await findSamePictures(keys, {
      // 5 of 400 pixels changed places: a difference of exactly 0.1.
      pixels: async (i) => swapped(i === 0 ? 0 : 5),
      thumbnail: async () => Uint8Array.of(1, 2, 3),
      decodeThumbnail: async (png) => {
        decoded.push(png.length);
        return grey(16, stripes);
      },
      wholeDigest: async () => undefined,
    });
    expect(decoded).toEqual([3, 3]);
  });

  it('is alike where it was encoded again with a loss, and exact only where the whole picture is', async () => {
    const a = { decoded: grey(20, stripes) };
    const again = { decoded: grey(20, (x, y) => stripes(x) + ripple(y, 2)) };
    const { exact, alike, looks } = await find([a, again]);
    expect([exact, alike]).toEqual([
      [0, 1],
      [0, 0],
    ]);
    expect(looks.slice(-2)).toEqual(['whole 0', 'whole 1']);
    const whole = await find([
      { ...a, digest: 'w' },
      { ...again, digest: 'w' },
    ]);
    expect([whole.exact, whole.alike]).toEqual([
      [0, 0],
      [0, 0],
    ]);
    const others = await find([
      { ...a, digest: 'v' },
      { ...again, digest: 'w' },
    ]);
    expect(others.exact).toEqual([0, 1]);
  });

  it('is compared with the first of its set, so that a chain of small differences does not grow', async () => {
    const by = (level: number): Entry => ({ decoded: grey(20, (x, y) => stripes(x) + ripple(y, level)) });
    const { exact, alike, looks } = await find([by(0), by(2), by(4)]);
    expect([exact, alike]).toEqual([
      [0, 1, 2],
      [0, 0, 2],
    ]);
    expect(looks.filter((look) => look === 'pixels 1')).toHaveLength(1);
    expect((await find([by(2), by(4), by(0)])).alike).toEqual([0, 0, 0]);
  });

  it('joins the sets of all that it matches', async () => {
    const by = (level: number): Entry => ({ decoded: grey(20, (x, y) => stripes(x) + ripple(y, level)) });
    const { alike } = await find([by(0), by(4), by(2)]);
    expect(alike).toEqual([0, 0, 0]);
  });

  it('is looked at once, however many it is compared with', async () => {
    const { looks } = await find([0, 1, 2].map((i) => ({ decoded: other(i) })));
    const times = (look: string) => looks.filter((each) => each === look).length;
    // The second is compared with the first, the third with both.
    expect(['pixels 2', 'thumbnail 2', 'decode 2'].map(times)).toEqual([1, 1, 1]);
    expect(['pixels 0', 'thumbnail 0', 'decode 0'].map(times)).toEqual([2, 2, 2]);
  });
});

/** 20 × 20 pixels in stripes, of which pairs changed places: a difference of 0.02 each. */
const swapped = (pairs: number): Picture =>
  grey(20, (x, y) => {
    const pair = y * 10 + Math.floor(x / 2);
    return pair < pairs ? stripes(x + 1) : stripes(x);
  });

describe('as the model sees them, pictures', () => {
  const pair = (pairs: number) =>
    find([
      { pixels: swapped(0), decoded: grey(16, stripes) },
      { pixels: swapped(pairs), decoded: grey(16, stripes) },
    ]);

  it('are looked at as people see them up to a difference of 0.1', async () => {
    const at = await pair(5);
    expect(at.exact).toEqual([0, 0]);
    expect(at.looks).toContain('thumbnail 0');
  });

  it('may be the same as a whole up to a difference of 0.5', async () => {
    for (const pairs of [6, 25]) {
      const { exact, kinds, looks } = await pair(pairs);
      expect(exact).toEqual([0, 1]);
      expect([...kinds]).toEqual(['pixels', 'whole']);
      expect(looks.slice(-2)).toEqual(['whole 0', 'whole 1']);
    }
  });

  it('are others beyond that', async () => {
    const { exact, kinds } = await pair(26);
    expect(exact).toEqual([0, 1]);
    expect([...kinds]).toEqual(['pixels']);
  });

  it('of one colour each are others', async () => {
    const { alike, kinds } = await find([{ pixels: flat(100) }, { pixels: flat(101) }]);
    expect(alike).toEqual([0, 1]);
    expect([...kinds]).toEqual(['pixels']);
  });

  it('whose thumbnails cannot be decoded are others', async () => {
    for (const faulty of [0, 1]) {
      const entries = [0, 1].map((i): Entry => (i === faulty ? { decoded: 'faulty' } : {}));
      const { alike, kinds } = await find(entries);
      expect(alike).toEqual([0, 1]);
      expect(kinds.has('whole')).toBe(false);
    }
  });

  it('that turn out to be equal are not decoded as a whole', async () => {
    expect((await find([{}, {}])).kinds.has('whole')).toBe(false);
  });
});

describe('whole pictures', () => {
  it('are read in their order, once each, and join what has the same digest', async () => {
    const digests = ['a', 'b', undefined, 'a', undefined, 'b'];
    const entries = digests.map(
      (digest, i): Entry => ({
        decoded: other(i),
        ...(digest === undefined ? {} : { digest }),
      }),
    );
    const { exact, alike, looks } = await find(entries);
    expect(exact).toEqual([0, 1, 2, 0, 4, 1]);
    expect(alike).toEqual([0, 1, 2, 0, 4, 1]);
    expect(looks.filter((look) => look.startsWith('whole'))).toEqual([0, 1, 2, 3, 4, 5].map((i) => `whole ${i}`));
  });
});

describe('a picture among many', () => {
  it('is compared as people see it with the last 16 of its neighbours', async () => {
    const among = (n: number) =>
      find([...Array.from({ length: n }, (_, i): Entry => ({ decoded: other(i) })), { decoded: other(0) }]);
    expect((await among(16)).exact[16]).toBe(0);
    expect((await among(17)).exact[17]).toBe(17);
    // Whether it is one of the others is then seen in the whole pictures.
    expect((await among(17)).looks).toContain('whole 0');
  });

  it('is not compared less for those that are far from it', async () => {
    // 10 of 200 pairs changed places: a difference of 0.2.
    const last = { pixels: swapped(0), decoded: grey(16, stripes) };
    const far = Array.from({ length: 20 }, (): Entry => ({ pixels: swapped(10), decoded: 'faulty' }));
    expect((await find([last, ...far, last])).exact[21]).toBe(0);
    const others = Array.from({ length: 20 }, (_, i): Entry => ({ pixels: flat(i) }));
    expect((await find([last, ...others, last])).exact[21]).toBe(0);
  });

  const first: Entry = { pixels: grey(2, (x) => 9 * x), key: 'of the first' };
  const crowd = (n: number) => Array.from({ length: n }, (_, i): Entry => ({ pixels: flat(i % 256), key: `${i}` }));
  const lost: Entry = { ...first, key: 'of the last' };

  it('is compared with the last 256 of its cell', async () => {
    expect((await find([first, ...crowd(255), lost])).exact[256]).toBe(0);
    expect((await find([first, ...crowd(256), lost])).exact[257]).toBe(257);
  });

  it('is compared with the first that has its pixels, however many there are', async () => {
    expect((await find([first, ...crowd(256), first])).exact[257]).toBe(0);
    const between = { ...first, fingerprint: even(0), decoded: 'faulty' as const };
    const far = { ...first, fingerprint: even(200) };
    expect((await find([first, between, far])).exact).toEqual([0, 1, 0]);
  });
});

/** Fingerprints of one picture of two: whether they are compared at all. */
const meet = async (a: Uint8Array, b: Uint8Array): Promise<boolean> =>
  (await find([{ fingerprint: a }, { fingerprint: b }])).kinds.has('pixels');

describe('pictures meet', () => {
  it('where their fingerprints differ by up to 14 levels in every block', async () => {
    const apart = async (by: number) => {
      const b = even(100);
      b[30] = 100 + by;
      return await meet(even(100), b);
    };
    expect([await apart(14), await apart(15)]).toEqual([true, false]);
  });

  it('across the edge of a cell of 16 levels, up to 4 levels beyond it', async () => {
    expect(await meet(even(15), even(19))).toBe(true);
    expect(await meet(even(15), even(20))).toBe(false);
    expect(await meet(even(16), even(12))).toBe(true);
    expect(await meet(even(16), even(11))).toBe(false);
    // Within one cell no difference of the means counts.
    expect(await meet(even(16), even(30))).toBe(true);
  });

  it.each<[string, (x: number, y: number) => boolean]>([
    ['the upper left quarter', (x, y) => x < 4 && y < 4],
    ['the upper right quarter', (x, y) => x > 3 && y < 4],
    ['the lower left quarter', (x, y) => x < 4 && y > 3],
    ['the lower right quarter', (x, y) => x > 3 && y > 3],
    ['the middle', (x, y) => x > 1 && x < 6 && y > 1 && y < 6],
    ['the middle of the upper and lower border', (x, y) => x > 1 && x < 6 && (y < 2 || y > 5)],
  ])('by the brightness of %s', async (_, inside) => {
    const region = (level: number) =>
      Uint8Array.from({ length: 192 }, (_, i) => {
        const block = Math.floor(i / 3);
        return inside(block % 8, Math.floor(block / 8)) ? level : 15;
      });
    expect([await meet(even(15), region(19)), await meet(even(15), region(20))]).toEqual([true, false]);
  });

  it('by the differences of their colours, of which none is in the middle of a cell', async () => {
    // 7 is in the cell of 0, and 8 at the edge; 4 beyond reaches back to 7.
    const red = (by: number) => even(100 + by, 100, 100);
    const blue = (by: number) => even(100, 100, 100 + by);
    for (const colour of [red, blue]) {
      expect([await meet(colour(7), colour(11)), await meet(colour(7), colour(12))]).toEqual([true, false]);
      expect([await meet(colour(-9), colour(-5)), await meet(colour(-9), colour(-4))]).toEqual([true, false]);
    }
  });
});
