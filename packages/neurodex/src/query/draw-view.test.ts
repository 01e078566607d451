import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { type AugmentSettings, drawView, type View } from './augment.ts';

const full: AugmentSettings = {
  strength: 0.5,
  shift: 0.2,
  scale: 0.4,
  rotate: 30,
  flip: true,
  colour: 0.4,
  hue: 40,
  erase: 1,
};

/** A Random that gives these numbers in [0, 1) one after the other, then halves; whole numbers in the same way. */
function scripted(draws: readonly number[]): Random {
  let at = 0;
  const next = () => draws[at++] ?? 0.5;
  return {
    uniform: (low = 0, high = 1) => low + (high - low) * next(),
    integer: (n: number) => Math.floor(n * next()),
    uint32: () => 0,
    state: [1, 2, 3, 4],
  } as unknown as Random;
}
// Order of the draws: rotation, zoom, shift x, shift y, mirror, brightness, contrast, saturation, hue, erase; of a rectangle
// its area, aspect, left, top, and noise or grey.

describe('a view that is drawn', () => {
  it('is none at strength 0, for which nothing is drawn', () => {
    const random = Random.seeded(1);
    const before = random.state;
    expect(drawView(9, { ...full, strength: 0 }, random)).toBeNull();
    expect(random.state).toEqual(before);
  });

  it('has half of every range at strength ½', () => {
    const view = drawView(11, full, scripted([1, 1, 1, 0.75, 0.4, 1, 0, 0.75, 1, 0.6]));
    const [angle, zoom] = [(15 * Math.PI) / 180, 1.2];
    // 10 % of 11 pixels to the right, half of that downwards; mirrored.
    const [centre, right, down] = [5, 1.1, 0.55];
    const [cosine, sine] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
    expect(view?.xx).toBeCloseTo(-cosine, 12);
    expect(view?.xy).toBeCloseTo(-sine, 12);
    expect(view?.cosine).toBeCloseTo(cosine, 12);
    expect(view?.sine).toBeCloseTo(sine, 12);
    // The shifted centre is taken from the centre.
    const from = (x: number, y: number) => [
      (view?.xx as number) * x + (view?.xy as number) * y + (view?.originX as number),
      -(view?.sine as number) * x + (view?.cosine as number) * y + (view?.originY as number),
    ];
    for (const coordinate of from(centre + right, centre + down)) expect(coordinate).toBeCloseTo(centre, 12);
    expect([view?.brightness, view?.contrast, view?.saturation]).toEqual([1.2, 0.8, 1.1]);
    expect(view?.turn).toBeCloseTo((20 * Math.PI) / 180, 12);
    // The draw of 0.6 is above half the probability of 1.
    expect(view?.erasure).toBeNull();
  });

  it('is mirrored below ½ and erased below its probability, where that is asked for', () => {
    const mirrored = (draw: number, flip: boolean) => {
      const view = drawView(4, { ...full, flip, rotate: 0 }, scripted([0.5, 0.5, 0.5, 0.5, draw]));
      return (view as View).xx < 0;
    };
    expect([mirrored(0.49, true), mirrored(0.5, true), mirrored(0.1, false)]).toEqual([true, false, false]);
    const erased = (draw: number) =>
      drawView(4, full, scripted([...Array<number>(9).fill(0.5), draw]))?.erasure !== null;
    expect([erased(0.49), erased(0.5)]).toEqual([true, false]);
  });

  const rectangle = (size: number, ...draws: number[]) =>
    drawView(size, { ...full, strength: 1 }, scripted([...Array<number>(9).fill(0.5), 0, ...draws]))?.erasure;

  it('blanks out a rectangle of 2 to 20 % with an aspect of ⅓ to 3', () => {
    // 2 % of 100 × 100 at aspect 1: 14.1 × 14.1; of 87 places the one at 0.99 is the last.
    expect(rectangle(100, 0, 0.5, 0, 0.999, 0.5)).toEqual({ left: 0, top: 86, width: 14, height: 14, noise: null });
    // 20 % at aspect 3: √6000 × √(2000 / 3).
    expect(rectangle(100, 1, 1, 0.999, 0, 0.5)).toEqual({ left: 23, top: 0, width: 77, height: 26, noise: null });
    expect(rectangle(100, 1, 0, 0, 0, 0.5)).toEqual({ left: 0, top: 0, width: 26, height: 77, noise: null });
    expect(rectangle(100, 0, 0.5, 0, 0, 0.49)?.noise).toEqual([1, 2, 3, 4]);
  });

  it('blanks out at least a pixel, and no more than there are', () => {
    expect(rectangle(1, 0, 0.5, 0.5, 0.5, 0.5)).toEqual({ left: 0, top: 0, width: 1, height: 1, noise: null });
    // 2 % of 3 × 3 at aspect ⅓ would be less than half a pixel wide.
    expect(rectangle(3, 0, 0, 0, 0, 0.5)).toMatchObject({ width: 1, height: 1 });
    expect(rectangle(3, 0, 1, 0, 0, 0.5)).toMatchObject({ width: 1, height: 1 });
  });

  it('draws the noise of its rectangle, so that what follows is drawn behind it', () => {
    const settings: AugmentSettings = { ...full, strength: 1, erase: 1 };
    for (let seed = 0; seed < 20; seed++) {
      const random = Random.seeded(seed);
      const erasure = drawView(20, settings, random)?.erasure;
      if (erasure === null || erasure === undefined || erasure.noise === null) continue;
      const noise = Random.restore(erasure.noise);
      for (let i = 0; i < erasure.width * erasure.height; i++) noise.uint32();
      expect(random.state).toEqual(noise.state);
      return;
    }
    throw new Error('no view has noise');
  });
});
