import { NeurodexError } from '@neurodex/core';
import type { PictureMetadata } from '@neurodex/datasets';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetadataTableBuilder, metadataOf } from '../pictures/metadata-table.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { distance } from './distance.ts';
import { evaluateFilter, type FilteredRows } from './evaluate.ts';
import { COLUMNS, type Comparison, type Filter, formatFilter, OPERATORS_OF } from './filter.ts';
import { parseFilter } from './parse.ts';
import { RowFilters } from './row-filters.ts';

interface Picture {
  readonly path: string;
  readonly labels: readonly string[];
  readonly metadata: PictureMetadata;
}

function rowsOf(pictures: readonly Picture[]): FilteredRows {
  const builder = new MetadataTableBuilder(pictures.length);
  for (const { metadata } of pictures) builder.add(metadata);
  return { rows: pictures, metadata: builder.finish() };
}

const local = (text: string): number => Date.parse(`${text}Z`);
const PICTURES: readonly Picture[] = [
  {
    path: '2024/Paris/tower.jpg',
    labels: ['Sky', 'evening'],
    metadata: {
      taken: local('2024-05-31T23:59:59.500'),
      takenOffset: 120,
      latitude: 48.8584,
      longitude: 2.2945,
      city: 'Paris',
      country: 'France',
      camera: 'NIKON D750',
      rating: 4,
      keywords: ['tour Eiffel', 'soirée'],
    },
  },
  {
    path: '2024/Paris/river.jpg',
    labels: ['water'],
    metadata: {
      taken: local('2024-06-01T00:00:00'),
      latitude: 48.86,
      longitude: 2.33,
      city: 'Paris',
      state: 'Texas',
      country: 'USA',
      rating: -1,
    },
  },
  { path: 'old.jpg', labels: ['Sky'], metadata: { taken: local('1969-12-31T12:00:00'), city: 'Brest', rating: 0 } },
  { path: 'none.jpg', labels: [], metadata: {} },
];
const taken = (filter: string): number[] =>
  [...evaluateFilter(parseFilter(filter), rowsOf(PICTURES))].flatMap((bit, row) => (bit === 1 ? [row] : []));

describe('a filter', () => {
  it.each<[string, number[]]>([
    ['year=2024', [0, 1]],
    ['year<2024', [2]],
    ['year>=1969', [0, 1, 2]],
    ['year!=2024', [2]],
    ['not year=2024', [2, 3]],
    ['month=5', [0]],
    ['month>=6', [1, 2]],
    ['date=2024-05', [0]],
    ['date>2024-05-31', [1]],
    ['date>=2024-05-31', [0, 1]],
    ['date<=2024-05-31', [0, 2]],
    ['date="2024-05-31 23:59"', [0]],
    ['date=2024-05-31T23:59:58', []],
    ['place=paris', [0, 1]],
    ['place=texas', [1]],
    ['place!=Paris', [2]],
    ['country~f', [0]],
    ['city="Paris" and not country=USA', [0]],
    ['label=sky', [0, 2]],
    ['label!=sky', [1]],
    ['label~ven', [0]],
    ['keyword="SOIRÉE"', [0]],
    ['keyword!=x', [0]],
    ['name=river.jpg', [1]],
    ['name=2024/Paris/river.jpg', [1]],
    ['name!=river.jpg', [0, 2, 3]],
    ['name~paris/', [0, 1]],
    ['camera~nikon', [0]],
    ['rating>=4', [0]],
    ['rating<0', [1]],
    ['latitude>48.859', [1]],
    ['near=48.8584,2.2945,100m', [0]],
    ['near="48.8584, 2.2945, 10km"', [0, 1]],
    ['rating=4 or rating=0 and year=2024', [0]],
    ['(rating=4 or rating=0) and not label=evening', [2]],
    ['NOT rating>=0', [1, 3]],
    ['YEAR=2024 AND Month=6', [1]],
  ])('%s', (filter, expected) => {
    expect(taken(filter)).toEqual(expected);
  });

  it('takes nothing by metadata where no picture has any, and everything that is not so', () => {
    const rows = { rows: PICTURES, metadata: undefined };
    expect([...evaluateFilter(parseFilter('year=2024'), rows)]).toEqual([0, 0, 0, 0]);
    expect([...evaluateFilter(parseFilter('not year=2024'), rows)]).toEqual([1, 1, 1, 1]);
    expect([...evaluateFilter(parseFilter('label=sky'), rows)]).toEqual([1, 0, 1, 0]);
  });
});

describe('a filter that is wrong', () => {
  it.each([
    ['', 1, 'it is empty', 'year=2024'],
    ['yeer=2024', 1, 'there is no column yeer', 'did you mean year?'],
    ['year=2024 and lable=x', 15, 'there is no column lable', 'did you mean label?'],
    ['year=20x4', 6, '"20x4" cannot be a year', 'a whole number from 1 to 9999'],
    ['month=13', 7, '"13" cannot be a month', 'from 1 to 12'],
    ['year~2024', 5, '~ does not go with year', 'year is compared with =, !=, <'],
    ['label<x', 6, '< does not go with label', 'label is compared with =, !=, ~'],
    ['year 2024', 6, '"2024" stands where an operator should be', 'compare with ='],
    ['year==2024', 6, '"="', 'write what year'],
    ['year=', 6, 'the end stands where a value should be', 'write what year'],
    ['city=New York', 10, '"York" stands where and, or or the end should be', 'in quotes'],
    ['(year=2024', 11, 'the end stands where and, or or ) should be', 'the ( at character 1'],
    ['year=2024)', 10, 'there is no ( for this )', 'leave it out'],
    ['year=2024 and', 14, 'the end stands where a column should be', 'write a comparison'],
    ['city="Paris', 6, 'no closing quotation mark', 'end it with "'],
    ['city!Paris', 5, '! is no operator', 'compare with ='],
    ['date=2024-02-30', 6, '"2024-02-30" is no date', 'write 2024'],
    ['near=48.85,2.35', 6, '"48.85,2.35" is no place', '10km'],
    ['near=98.85,2.35,1km', 6, 'is no place', '10km'],
    ['latitude=91', 10, 'cannot be a latitude', 'from -90 to 90'],
    [`${'('.repeat(120)}year=1`, 102, 'nested too deeply', 'fewer parentheses'],
    ['x'.repeat(4001), 4001, 'longer than 4000', 'shorter'],
  ])('%j is told at character %i', (filter, position, what, hint) => {
    let error: unknown;
    try {
      parseFilter(filter);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(NeurodexError);
    expect(error).toMatchObject({
      code: 'filter-invalid',
      message: expect.stringContaining(`at character ${position}`),
      details: { position },
      hint: expect.stringContaining(hint),
    });
    expect(error).toMatchObject({ message: expect.stringContaining(what) });
  });

  it('is a NeurodexError, whatever was typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'yearlb=!<>~()"\'\\ and 0129-.,km\u00e9\ud800') }), (filter) => {
        try {
          parseFilter(filter);
        } catch (error) {
          expect(error).toMatchObject({ code: 'filter-invalid' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const date = fc
  .date({ min: new Date('1000-01-01'), max: new Date('2999-12-31'), noInvalidDate: true })
  .chain((moment) =>
    fc.constantFrom(4, 7, 10, 16, 19).map((length) => moment.toISOString().slice(0, length).replace('T', ' ')),
  );
/** The texts of values, by the kinds of columns. */
const VALUES = {
  text: fc.oneof(fc.string(), fc.constantFrom('Paris', 'sky', 'river.jpg', '2024/')),
  number: fc.integer({ min: 1, max: 5 }).map(String),
  date,
  near: fc
    .tuple(
      fc.double({ min: -90, max: 90, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.nat(20_000),
    )
    .map(([north, east, km]) => `${north.toFixed(5)},${east.toFixed(5)},${km}km`),
} as const;
const comparison: fc.Arbitrary<Filter> = fc
  .constantFrom(...(Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]))
  .chain((column) => {
    const { kind } = COLUMNS[column];
    return fc
      .tuple(fc.constantFrom(...OPERATORS_OF[kind]), VALUES[kind])
      .map(([operator, value]) => parseFilter(`${column}${operator}"${value.replace(/["\\]/g, '\\$&')}"`));
  });
const { filter: anyFilter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    comparison,
    tie('filter').map((part): Filter => ({ kind: 'not', part })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('filter'), { minLength: 2, maxLength: 3 }))
      .map(([kind, parts]): Filter => ({ kind, parts })),
  ),
}));

/** A comparison as its words say it, of one picture: no columns, no tables. */
function holds({ column, operator, value }: Comparison, { path, labels, metadata }: Picture): boolean {
  const same = (text: string) => text.normalize('NFC').toLowerCase();
  const { taken: time } = metadata;
  if (value.kind === 'near') {
    const { latitude, longitude } = metadata;
    return (
      latitude !== undefined &&
      longitude !== undefined &&
      distance(value.latitude, value.longitude, latitude, longitude) <= value.metres
    );
  }
  if (value.kind === 'text') {
    const texts = {
      name: [path, path.split('/').at(-1) ?? ''],
      label: labels,
      keyword: metadata.keywords ?? [],
      place: [metadata.city, metadata.state, metadata.country],
      city: [metadata.city],
      state: [metadata.state],
      country: [metadata.country],
      camera: [metadata.camera],
    };
    const known = (column in texts ? texts[column as keyof typeof texts] : []).flatMap((text) => text ?? []).map(same);
    const wanted = same(value.text);
    if (operator === '~') return known.some((text) => text.includes(wanted));
    return operator === '=' ? known.includes(wanted) : known.length > 0 && !known.includes(wanted);
  }
  const iso = time === undefined ? undefined : new Date(time).toISOString();
  const numbers = {
    year: iso?.slice(0, 4),
    month: iso?.slice(5, 7),
    latitude: metadata.latitude,
    longitude: metadata.longitude,
    rating: metadata.rating,
  };
  // Moments are written so that they sort as texts, each as far as the value goes.
  const [own, wanted] =
    value.kind === 'date'
      ? [iso?.slice(0, value.text.length), value.text.replace(' ', 'T')]
      : [column in numbers ? numbers[column as keyof typeof numbers] : undefined, value.number];
  if (own === undefined) return false;
  const [a, b] = value.kind === 'date' ? [own, wanted] : [Number(own), Number(wanted)];
  return { '=': a === b, '!=': a !== b, '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b, '~': false }[operator];
}

const holdsAll = (filter: Filter, picture: Picture): boolean => {
  if (filter.kind === 'compare') return holds(filter, picture);
  if (filter.kind === 'not') return !holdsAll(filter.part, picture);
  return filter.kind === 'and'
    ? filter.parts.every((part) => holdsAll(part, picture))
    : filter.parts.some((part) => holdsAll(part, picture));
};

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const word = fc.constantFrom('Paris', 'paris', 'Sky', 'water', 'e\u0301t\u00e9', '\u00e9t\u00e9', 'x');
const picture: fc.Arbitrary<Picture> = fc.record({
  path: fc.constantFrom('a.jpg', '2024/river.jpg', '2024/Paris/x.png'),
  labels: fc.array(word, { maxLength: 3 }),
  metadata: fc
    .record({
      taken: maybe(
        fc.date({ min: new Date('1000-01-01'), max: new Date('2999-12-31'), noInvalidDate: true }).map(Number),
      ),
      takenOffset: maybe(fc.integer({ min: -720, max: 840 })),
      latitude: maybe(fc.integer({ min: -90, max: 90 })),
      longitude: maybe(fc.integer({ min: -180, max: 180 })),
      city: maybe(word),
      state: maybe(word),
      country: maybe(word),
      camera: maybe(word),
      rating: maybe(fc.integer({ min: -1, max: 5 })),
      keywords: maybe(fc.uniqueArray(word, { minLength: 1, maxLength: 3 })),
    })
    .map((metadata) => JSON.parse(JSON.stringify(metadata)) as PictureMetadata),
});

describe('every filter', () => {
  it('is read again from how it is written', () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(parseFilter(formatFilter(filter))).toEqual(filter);
      }),
    );
  });

  it('takes the pictures that its words say', () => {
    fc.assert(
      fc.property(anyFilter, fc.array(picture, { maxLength: 8 }), (filter, pictures) => {
        expect([...evaluateFilter(filter, rowsOf(pictures))]).toEqual(
          pictures.map((each) => Number(holdsAll(filter, each))),
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the columns of metadata', () => {
  it('hold what pictures say of themselves', () => {
    fc.assert(
      fc.property(fc.array(picture, { maxLength: 8 }), (pictures) => {
        const { metadata } = rowsOf(pictures);
        expect(pictures.map((_, row) => metadata && metadataOf(metadata, row))).toEqual(
          pictures.map((each) => each.metadata),
        );
      }),
    );
  });

  it('measure distances as the geodesy of others does', () => {
    // Vincenty's formula on WGS 84 (geopy 2.5.0): Paris to London, Sydney to Santiago.
    expect(distance(48.8566, 2.3522, 51.5074, -0.1278) / 343_923).toBeCloseTo(1, 2);
    expect(distance(-33.8688, 151.2093, -33.4489, -70.6693) / 11_369_000).toBeCloseTo(1, 2);
    expect(distance(10, 20, 10, 20)).toBe(0);
  });
});

describe('filters of a catalogue', () => {
  const stored = PICTURES.map(
    (each, row): StoredPicture => ({ ...each, row, id: row, role: row === 1 ? 'test' : 'catalogue' }),
  );

  it('take catalogue pictures alone, and read the columns once', async () => {
    let asked = 0;
    const filters = new RowFilters({ rows: stored }, async () => {
      asked++;
      return rowsOf(PICTURES).metadata;
    });
    const mask = await filters.mask('year=2024');
    expect([...mask.bytes]).toEqual([1, 0, 0, 0]);
    expect(mask.count).toBe(1);
    expect(await filters.mask(' year = 2024 ')).toBe(mask);
    expect(asked).toBe(1);
    for (let year = 1; year <= 16; year++) await filters.mask(`year=${year}`);
    expect(await filters.mask('year=2024')).not.toBe(mask);
  });

  it('are tried again after they failed', async () => {
    let fails = true;
    const filters = new RowFilters({ rows: stored }, async () => {
      if (fails) throw new RangeError('not now');
      return undefined;
    });
    await expect(filters.mask('label=sky')).rejects.toThrow('not now');
    fails = false;
    expect((await filters.mask('label=sky')).count).toBe(2);
  });
});
