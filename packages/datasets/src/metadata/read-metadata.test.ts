import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readExif } from './exif.ts';
import { readIptc } from './iptc.ts';
import type { PictureMetadata } from './picture-metadata.ts';
import { rawBlocks } from './raw-blocks.ts';
import { readMetadata } from './read-metadata.ts';
import { readXmp } from './xmp.ts';

/*
 * The pictures were written by ExifTool, and exiftool.json is what it reads of them, by the rules of the Metadata Working Group where
 * kinds of metadata disagree (fixtures/make.sh).
 */
const at = (name: string): Uint8Array => new Uint8Array(readFileSync(join(import.meta.dirname, 'fixtures', name)));
type Told = Readonly<Record<string, unknown>>;
const told: readonly Told[] = JSON.parse(new TextDecoder().decode(at('exiftool.json')));

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const list = (value: unknown): string[] | undefined =>
  value === undefined ? undefined : [value].flat().map((each) => `${each}`);

/** `2024:05:06 07:08:09.125+02:00` */
function momentOf(value: string | undefined): Pick<PictureMetadata, 'taken' | 'takenOffset'> {
  const found = /^(\d+):(\d+):(\d+)(?: (\d+):(\d+):(\d+(?:\.\d+)?)(?:([+-])(\d+):(\d+))?)?$/.exec(value ?? '');
  if (found === null) return {};
  const [, year, month, day, hour = 0, minute = 0, second = 0, sign, hours = 0, minutes = 0] = found;
  const taken =
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)) +
    Math.round(1000 * Number(second));
  return sign === undefined
    ? { taken }
    : { taken, takenOffset: (sign === '-' ? -1 : 1) * (60 * Number(hours) + Number(minutes)) };
}

const without = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T>;

/** What ExifTool says, under our names. */
function expectedOf(facts: Told) {
  const taken = momentOf(text(facts['MWG:DateTimeOriginal']) ?? text(facts['MWG:CreateDate']));
  return without({
    ...taken,
    city: text(facts['MWG:City']),
    state: text(facts['MWG:State']),
    country: text(facts['MWG:Country']),
    rating: facts['MWG:Rating'],
    keywords: list(facts['MWG:Keywords']),
  });
}

const PICTURES = [
  'full.jpg',
  'full.png',
  'full.webp',
  'full.tif',
  'full.avif',
  'synced.jpg',
  'stale.jpg',
  'latin.jpg',
  'southwest.jpg',
];

describe('metadata of pictures', () => {
  it.each(PICTURES)('of %s is what ExifTool reads', async (name) => {
    const facts = told.find(({ SourceFile }) => SourceFile === name) ?? {};
    const { metadata, damaged } = await readMetadata(at(name));
    const { latitude, longitude, camera: _, ...others } = metadata;
    expect(damaged).toEqual([]);
    expect(others).toEqual(expectedOf(facts));
    for (const [own, key] of [
      [latitude, 'Composite:GPSLatitude'],
      [longitude, 'Composite:GPSLongitude'],
    ] as const) {
      if (facts[key] === undefined) expect(own).toBeUndefined();
      else expect(own).toBeCloseTo(Number(facts[key]), 9);
    }
  });

  it('names the camera without its maker twice, and passes over what cameras write into every picture', async () => {
    expect((await readMetadata(at('full.jpg'))).metadata.camera).toBe('NIKON D750');
    expect(await readMetadata(at('southwest.jpg'))).toMatchObject({
      metadata: { camera: 'Apple iPhone 6' },
      texts: [],
    });
  });

  it('is read of a HEIC picture, whose pixels libvips cannot decode', async () => {
    // Written by pillow-heif (fixtures/make.sh), and read by ExifTool as it is expected here.
    expect((await readMetadata(at('phone.heic'))).metadata).toEqual({
      ...momentOf('2024:05:06 07:08:09'),
      camera: 'Apple',
      keywords: ['sea'],
    });
  });

  it('knows title and description, of alternatives the one for every language', async () => {
    expect((await readMetadata(at('full.jpg'))).texts).toEqual(['A tower', 'The tower at dusk']);
    expect((await readMetadata(at('synced.jpg'))).texts).toEqual(['a new caption']);
  });

  it('takes the place where it was taken before the older fields, which may be what it shows', async () => {
    const { metadata } = await readMetadata(at('created.jpg'));
    expect(metadata).toMatchObject({ city: 'Kyoto', state: 'Kansai', country: 'Japan', takenOffset: 540 });
    expect(metadata.latitude).toBeCloseTo(35.0116, 4);
    expect(metadata.longitude).toBeCloseTo(135.7681, 4);
  });

  it('reads XMP files beside the picture before the XMP in it', async () => {
    const facts = told.find(({ SourceFile }) => SourceFile === 'bare.jpg.xmp') ?? {};
    expect(await readMetadata(at('bare.jpg'))).toEqual({ metadata: {}, texts: [], damaged: [] });
    expect((await readMetadata(at('bare.jpg'), [at('bare.jpg.xmp')])).metadata).toEqual(expectedOf(facts));
    expect((await readMetadata(at('full.jpg'), [at('bare.jpg.xmp')])).metadata).toMatchObject({
      city: 'Oslo',
      rating: 5,
      keywords: ['beside'],
      camera: 'NIKON D750',
    });
  });
});

const xmp = (properties: string): Uint8Array =>
  new TextEncoder().encode(
    `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about="" xmlns:xap="http://ns.adobe.com/xap/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:p="http://ns.adobe.com/photoshop/1.0/" ${properties}</r:Description></r:RDF></x:xmpmeta><?xpacket end="w"?>${' '.repeat(20)}\0`,
  );

describe('XMP', () => {
  it('is read in each of the forms that RDF has, whatever the prefixes are', () => {
    expect(
      readXmp(
        xmp('xap:Rating="3" p:City=" Ulm "><d:subject><r:Bag><r:li>a</r:li><r:li/><r:li>a</r:li></r:Bag></d:subject>'),
      ),
    ).toMatchObject({
      rating: 3,
      place: { city: 'Ulm' },
      keywords: ['a'],
    });
    const alternatives = '<r:li xml:lang="de">Turm</r:li><r:li xml:lang="x-default">tower</r:li>';
    const qualified = '<p:City r:parseType="Resource"><r:value>Bonn</r:value><p:note>x</p:note></p:City>';
    expect(readXmp(xmp(`><d:title><r:Alt>${alternatives}</r:Alt></d:title>${qualified}`))).toMatchObject({
      title: 'tower',
      place: { city: 'Bonn' },
    });
  });

  it.each([
    ['2024-02-29T10:11:12.5+05:30', Date.UTC(2024, 1, 29, 10, 11, 12, 500), 330],
    ['2024-02-29T10:11Z', Date.UTC(2024, 1, 29, 10, 11), 0],
    ['2024-02-29', Date.UTC(2024, 1, 29), undefined],
    ['2023-02-29', undefined, undefined],
    ['2024-05', undefined, undefined],
    ['0000-00-00T00:00:00', undefined, undefined],
    ['2024-02-29T25:11', undefined, undefined],
  ])('a date %s', (date, local, offset) => {
    const { digitised } = readXmp(xmp(`xap:CreateDate="${date}">`));
    expect([digitised?.local, digitised?.offset]).toEqual([local, offset]);
  });

  it.each(['', '<a/>', '<r:RDF', 'no XML'])('that is none is told: %j', (damaged) => {
    expect(() => readXmp(new TextEncoder().encode(damaged))).toThrow(RangeError);
  });

  it('does not resolve entities of its own', () => {
    const bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><x>&a;</x>';
    expect(() => readXmp(new TextEncoder().encode(bomb))).toThrow('no XML');
  });
});

describe('damaged metadata', () => {
  const mutated = fc.record({
    name: fc.constantFrom(...PICTURES),
    changes: fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { minLength: 1, maxLength: 12 }),
    length: fc.option(fc.nat(5000), { nil: undefined }),
  });
  const change = (bytes: Uint8Array, changes: readonly (readonly [number, number])[], length: number | undefined) => {
    const changed = bytes.slice(0, length);
    for (const [place, value] of changes) if (place < changed.length) changed[place] = value;
    return changed;
  };

  it('never makes a file an error, and what is read is plausible', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async ({ name, changes, length }) => {
        const { metadata } = await readMetadata(change(at(name), changes, length));
        const { latitude = 0, longitude = 0, rating = 0, taken = 0, takenOffset = 0 } = metadata;
        expect(Math.abs(latitude)).toBeLessThanOrEqual(90);
        expect(Math.abs(longitude)).toBeLessThanOrEqual(180);
        expect([-1 <= rating && rating <= 5, Number.isSafeInteger(taken), Number.isInteger(takenOffset)]).toEqual([
          true,
          true,
          true,
        ]);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('is read of a TIFF that begins as Olympus begins its raw files', async () => {
    const bytes = at('full.tif');
    const { metadata } = await readMetadata(bytes);
    expect(metadata.taken).toBeDefined();
    bytes.set(Buffer.from(bytes[0] === 0x49 ? 'IIRO' : 'MMOR'));
    const { metadata: raw } = await readMetadata(bytes);
    expect(raw.taken).toBe(metadata.taken);
    expect(raw.camera).toBe(metadata.camera);
  });

  it('ends each reader with a result or a RangeError', async () => {
    const { exif, iptc, xmp: packet } = await rawBlocks(at('stale.jpg'));
    const { exif: own } = await rawBlocks(at('full.jpg'));
    const readers = [
      [readExif, own ?? exif],
      [readIptc, iptc],
      [readXmp, packet],
    ] as const;
    for (const [read, bytes = new Uint8Array()] of readers) {
      expect(bytes.length).toBeGreaterThan(20);
      fc.assert(
        fc.property(mutated, ({ changes, length }) => {
          const moved = changes.map(([place, value]) => [place % bytes.length, value] as const);
          try {
            read(change(bytes, moved, length === undefined ? undefined : length % bytes.length));
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }),
        { numRuns: 400 },
      );
    }
  });

  it('is told, and the rest is read', async () => {
    const bytes = at('synced.jpg');
    const start = Buffer.from(bytes).indexOf('Photoshop 3.0');
    bytes[start + 14] = 0x39;
    const { metadata, damaged } = await readMetadata(bytes);
    expect(damaged).toEqual(['IPTC: a resource has no mark']);
    expect(metadata).toMatchObject({ city: 'Nantes', keywords: ['new'] });
  });
});
