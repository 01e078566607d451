import { Random } from '@neurodex/autograd';
import type { Picture } from '@neurodex/datasets/picture';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { grey, ripple, stripes } from './pictures.fixture.ts';
import { WHOLE } from './placement.ts';
import { noise, partRatio, samePicture, samePixels } from './same-picture.ts';

function noisy(size: number, seed: number, least = 0, most = 255): Picture {
  const random = Random.seeded(seed);
  const pixels = Uint8Array.from({ length: size * size * 3 }, () => least + random.integer(most - least + 1));
  return { size, pixels };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the energy of a difference', () => {
  it('is a share of the smaller variance, summed over the colours', () => {
    // Twice: of 0, 2 in red: variance 2; of 0, 4: 8; of 10, 10 nothing. The difference is 2² + 0 in the second pixel.
    const a: Picture = { size: 2, pixels: Uint8Array.of(0, 0, 10, 2, 4, 10, 0, 0, 10, 2, 4, 10) };
    const b: Picture = { size: 2, pixels: Uint8Array.of(0, 0, 10, 4, 4, 10, 0, 0, 10, 4, 4, 10) };
    expect(noise(a, b)).toBeCloseTo(4 / 10, 12);
    expect(noise(b, a)).toBeCloseTo(4 / 10, 12);
  });

  it('is 1 beside a variance of the same size, and NaN between pictures of one colour', () => {
    const a = grey(2, (x) => 100 + 10 * x);
    const b = grey(2, (x) => 100 + 20 * x);
    // Differences 0, 10: energy 2 · 100; the variance of 100, 110 is 4 · 25.
    expect(noise(a, b)).toBeCloseTo(2, 12);
    expect(
      noise(
        grey(2, () => 7),
        grey(2, () => 7),
      ),
    ).toBeNaN();
  });
});

/** By the definition: the pixels of each part, and of the parts around it that are in the picture. */
function ratioByDefinition(a: Picture, b: Picture): number {
  const partOf = (at: number) => Math.floor((at * 16) / a.size);
  const inParts = (x: number, y: number, reach: number) =>
    [...a.pixels.keys()].filter((i) => {
      const pixel = Math.floor(i / 3);
      const [px, py] = [partOf(pixel % a.size), partOf(Math.floor(pixel / a.size))];
      return Math.abs(px - x) <= reach && Math.abs(py - y) <= reach;
    });
  let most = 0;
  for (let y = 0; y < 16; y++) {
    for (let x = 0; x < 16; x++) {
      const energy = mean(inParts(x, y, 0).map((i) => ((a.pixels[i] ?? NaN) - (b.pixels[i] ?? NaN)) ** 2));
      const around = inParts(x, y, 1).map((i) => a.pixels[i] ?? NaN);
      const variance = mean(around.map((value) => (value - mean(around)) ** 2));
      if (energy > 16) most = Math.max(most, (energy - 16) / variance);
    }
  }
  return most;
}

describe('the largest difference of a part', () => {
  /** Parts that count most: in the corners, at the borders and inside. */
  it.each([
    [0, 0],
    [15, 0],
    [0, 15],
    [15, 15],
    [7, 9],
    [8, 0],
    [0, 8],
    [15, 6],
  ])('is that of its definition, in part %i, %i', (x, y) => {
    const size = 50;
    const a = noisy(size, 16 * y + x, 60, 180);
    const b = { size, pixels: a.pixels.map((value, i) => value + (i % 3)) };
    const [left, top] = [Math.ceil((x * size) / 16), Math.ceil((y * size) / 16)];
    const at = 3 * (top * size + left) + 1;
    b.pixels[at] = (a.pixels[at] ?? NaN) + 40;
    expect(partRatio(a, b)).toBeGreaterThan(0);
    expect(partRatio(a, b)).toBeCloseTo(ratioByDefinition(a, b), 9);
  });

  it('is nothing up to 16 squared levels', () => {
    const a = grey(32, stripes);
    const by = (level: number) => grey(32, (x) => stripes(x) + level);
    expect(partRatio(a, by(4))).toBe(0);
    // (25 − 16) / 100 within, and less than that nowhere.
    expect(partRatio(a, by(5))).toBeGreaterThanOrEqual(0.09);
  });
});

describe('pixels show the same', () => {
  it('where they are equal, at any size, and never at two sizes', () => {
    const one = grey(1, () => 3);
    expect(samePixels(one, { size: 1, pixels: one.pixels.slice() })).toBe(0);
    const four = grey(1, () => 4);
    expect(samePixels(one, four)).toBeUndefined();
    expect(samePixels({ size: 2, pixels: one.pixels }, one)).toBeUndefined();
  });

  /** Stripes of the variance 100, and an energy that is spread evenly. */
  const rippled = (size: number, by: number) =>
    samePixels(
      grey(size, stripes),
      grey(size, (x, y) => stripes(x) + ripple(y, by)),
    );

  it('up to a share of the variance as a whole, the less the smaller they are', () => {
    // Half of the pixels by 3 levels: 4.5 of a variance of 100; by 4: 8.
    expect(rippled(64, 3)).toBeCloseTo(0.045, 3);
    expect(rippled(64, 4)).toBeUndefined();
    expect(rippled(28, 1)).toBeCloseTo(0.005, 3);
    expect(rippled(28, 2)).toBeUndefined();
    expect(rippled(10, 1)).toBeUndefined();
  });

  it('up to more where one was compressed with a loss', () => {
    // Of 120 and 80 the variance is 400; half of the pixels by 8 levels: an energy of 32.
    const broad = (x: number) => (Math.floor(x / 8) % 2 === 0 ? 120 : 80);
    const [a, b, far] = [0, 8, 10].map((by) => grey(64, (x, y) => broad(x) + ripple(y, by)));
    if (a === undefined || b === undefined || far === undefined) throw new Error('three pictures were made');
    expect(samePixels(a, b)).toBeUndefined();
    expect(samePixels(a, b, { lossy: true })).toBeCloseTo(0.08, 2);
    expect(samePixels(a, far, { lossy: true })).toBeUndefined();
  });

  it('where one pixel is another, and not where a patch is', () => {
    const a = noisy(28, 3, 60, 180);
    const changed = (pixels: number): Picture => {
      const b = { size: 28, pixels: a.pixels.slice() };
      for (let y = 10; y < 10 + pixels; y++) b.pixels.fill(255, 3 * (28 * y + 10), 3 * (28 * y + 10 + pixels));
      return b;
    };
    expect(samePixels(a, changed(1))).toBeCloseTo(noise(a, changed(1)), 12);
    expect(noise(a, changed(1))).toBeGreaterThan(0);
    expect(samePixels(a, changed(4))).toBeUndefined();
  });
});

describe('pictures show the same', () => {
  /** Smooth shades and edges, another one for every number. */
  async function drawn(number: number, edge: number): Promise<Picture> {
    const random = Random.seeded(number);
    const circles = Array.from({ length: 14 }, () => {
      const [x, y, r, hue, light] = Array.from({ length: 5 }, () => random.uniform());
      return `<circle cx="${100 * (x ?? 0)}" cy="${100 * (y ?? 0)}" r="${4 + 20 * (r ?? 0)}" fill="hsl(${360 * (hue ?? 0)},60%,${20 + 60 * (light ?? 0)}%)"/>`;
    });
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="${edge}" height="${edge}"><rect width="100" height="100" fill="#8a9"/>${circles.join('')}</svg>`;
    return { size: edge, pixels: new Uint8Array(await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer()) };
  }
  const image = ({ size, pixels }: Picture) => sharp(pixels, { raw: { width: size, height: size, channels: 3 } });
  const raw = async (made: Sharp, size: number): Promise<Picture> => ({
    size,
    pixels: new Uint8Array(await made.removeAlpha().raw().toBuffer()),
  });

  it.each([28, 64, 160])('in a mirror, cut out, and resized, at %i pixels', async (edge) => {
    const a = await drawn(edge, edge);
    const mirrored = await samePicture(a, await raw(image(a).flop(), edge), { ...WHOLE, mirrored: true });
    expect(mirrored).toEqual({ placement: { ...WHOLE, mirrored: true }, residual: 0 });
    const gone = Math.round(edge / 20);
    const inner = edge - 2 * gone;
    const cut = await raw(image(a).extract({ left: gone, top: gone, width: inner, height: inner }), inner);
    const near = { scale: inner / edge + 0.005, x: 0.004, y: -0.004, mirrored: false };
    const found = await samePicture(a, cut, near);
    expect(found).toMatchObject({ placement: { scale: inner / edge }, residual: 0 });
    // The other way round.
    expect(await samePicture(cut, a, { ...WHOLE, scale: edge / inner })).toMatchObject({ residual: 0 });
    const half = await raw(image(a).resize(edge / 2, edge / 2), edge / 2);
    expect((await samePicture(a, half))?.residual).toBeLessThan(0.02);
  });

  it('cropped and made as large as it was', async () => {
    const a = await drawn(5, 160);
    const cut = image(a).extract({ left: 5, top: 11, width: 144, height: 144 }).resize(160, 160);
    const b = await raw(cut, 160);
    const found = await samePicture(a, b, { scale: 0.92, x: 0, y: 0.02, mirrored: false });
    expect(found?.placement.scale).toBeCloseTo(0.9, 2);
    expect(found?.placement.x).toBeCloseTo((5 + 72) / 160 - 0.5, 2);
    expect(found?.placement.y).toBeCloseTo((11 + 72) / 160 - 0.5, 2);
  });

  it('and others never do, wherever they are laid', async () => {
    const [a, b] = [await drawn(7, 96), await drawn(8, 96)];
    for (const scale of [1, 0.95, 0.9]) {
      for (const mirrored of [false, true])
        expect(await samePicture(a, b, { scale, x: 0, y: 0, mirrored })).toBeUndefined();
    }
  });

  it('and not below 12 pixels, where only equal ones do', async () => {
    const flat = (size: number) => grey(size, () => 80);
    expect(await samePicture(flat(11), flat(30))).toBeUndefined();
    expect(await samePicture(flat(8), flat(8))).toMatchObject({ residual: 0 });
  });
});
