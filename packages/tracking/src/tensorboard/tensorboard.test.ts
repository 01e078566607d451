import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Reporter, silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { PbfReader } from 'pbf';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokenDisk } from '../failing-files.fixture.ts';
import { GOLDEN, type Kept, PNG, start, step, trackerContract } from '../tracker.contract.ts';
import type { TrackerContext } from '../tracker.ts';
import { crc32c, maskedCrc32c } from './crc32c.ts';
import { encodeEvent, FILE_VERSION, tfRecord } from './event-file.ts';
import { TensorBoardTracker } from './tracker.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-tensorboard-'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = { id: 'abc1234', name: 'my photos/1', named: false, started: '2024-05-01T10:00:00.000Z', resumed: false };
const context = (reporter: Reporter): TrackerContext => ({ run, folder, env: {}, reporter });

interface ReadEvent {
  step: number;
  restart: boolean;
  readonly values: { tag: string; scalar?: number; text?: string; picture?: Uint8Array }[];
}

/** The events of a file, its checksums looked at. */
function readEvents(bytes: Uint8Array): ReadEvent[] {
  const events: ReadEvent[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc32c(data));
    at += 16 + length;
    events.push(
      new PbfReader(data).readFields<ReadEvent>(
        (field, event, pbf) => {
          if (field === 2) event.step = pbf.readVarint();
          if (field === 5) pbf.readMessage((_, values, inner) => values.push(readValue(inner)), event.values);
          if (field === 7) event.restart = true;
        },
        { step: 0, restart: false, values: [] },
      ),
    );
  }
  return events;
}

const readValue = (pbf: PbfReader): ReadEvent['values'][number] =>
  pbf.readMessage<ReadEvent['values'][number]>(
    (field, value, inner) => {
      if (field === 1) value.tag = inner.readString();
      if (field === 2) value.scalar = inner.readFloat();
      if (field === 4) inner.readMessage((f, v, p) => f === 4 && Object.assign(v, { picture: p.readBytes() }), value);
      if (field === 8) inner.readMessage((f, v, p) => f === 8 && Object.assign(v, { text: p.readString() }), value);
    },
    { tag: '' },
  );

async function eventFiles(): Promise<ReadEvent[][]> {
  const runs = join(folder, 'runs', 'my-photos-1-abc1234');
  const names = (await readdir(runs)).sort();
  return await Promise.all(names.map(async (name) => readEvents(await readFile(join(runs, name)))));
}

async function read(): Promise<Kept> {
  const events = (await eventFiles()).flat();
  const values = events.flatMap(({ step: at, values: all }) => all.map((value) => ({ step: at, ...value })));
  const json = (tag: string) => {
    const text = values.find((value) => value.tag === tag)?.text ?? '';
    return JSON.parse(text.replace(/^```json\n|\n```$/g, ''));
  };
  const steps = new Map<number, Record<string, number>>();
  for (const { tag, step: at, scalar = Number.NaN } of values.filter(({ tag }) => tag.startsWith('train/'))) {
    const name = tag.slice('train/'.length).replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    steps.set(at, { ...steps.get(at), step: at, [name === 'stepSeconds' ? 'seconds' : name]: scalar });
  }
  const metrics = values.filter(({ tag }) => tag.startsWith('validation/'));
  const pictures: Record<string, Uint8Array[]> = {};
  for (const { tag, picture } of values) {
    const name = tag.split('/')[0] ?? '';
    if (picture !== undefined) pictures[name] = [...(pictures[name] ?? []), picture];
  }
  return {
    config: json('configuration'),
    seed: json('run').seed,
    steps: [...steps.values()] as unknown as Kept['steps'],
    validations:
      metrics.length === 0
        ? []
        : [
            {
              step: metrics[0]?.step ?? -1,
              metrics: Object.fromEntries(
                metrics.map(({ tag, scalar = 0 }) => [tag.slice('validation/'.length), scalar]),
              ),
            },
          ],
    texts: values
      .filter(({ tag }) => tag === 'skipped' || tag === 'messages')
      .map(({ text }) => text)
      .join('\n'),
    pictures,
    endedWell: values.find(({ tag }) => tag === 'end')?.text?.endsWith(': done'),
  };
}

const broken = (reporter: Reporter, state: 'full' | 'hanging' | 'read-only') => {
  const trouble: { state: 'full' | 'hanging' | 'read-only' | 'sound' } = { state };
  const limits = { files: brokenDisk(trouble), farewell: state === 'full' ? 20_000 : 400, interval: 1, firstPause: 20 };
  return { trouble, tracker: new TensorBoardTracker(context(reporter), limits) };
};

trackerContract({
  name: 'TensorBoardTracker',
  open: async (reporter) => ({ tracker: new TensorBoardTracker(context(reporter)), read }),
  events: { none: 'a TensorBoard file has scalars, texts and pictures by tag' },
  failing: async (reporter) => broken(reporter, 'read-only').tracker,
  hanging: async (reporter) => broken(reporter, 'hanging').tracker,
  recovering: async (reporter) => {
    const { trouble, tracker } = broken(reporter, 'full');
    return {
      tracker,
      read,
      mend: () => {
        trouble.state = 'sound';
      },
    };
  },
});

describe('the bytes', () => {
  // RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRCs.
  test.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Buffer.from('123456789'), 0xe3069283],
  ])('CRC-32C %#', (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test('are those that TensorBoard writes', () => {
    const picture = { bytes: PNG, format: 'png', width: 2, height: 1, caption: '00 cat' } as const;
    const events = [
      encodeEvent({ wallTime: 1714557600.25, step: 0, fileVersion: FILE_VERSION }),
      encodeEvent({ wallTime: 1714557601.5, step: 300, restart: true }),
      encodeEvent({
        wallTime: 1714557602,
        step: 301,
        values: [
          { tag: 'train/loss', scalar: 0.1 },
          { tag: 'configuration', text: 'été' },
          { tag: 'catalogue/0', picture },
        ],
      }),
    ];
    expect(Buffer.concat(events.map(tfRecord)).toString('base64')).toBe(GOLDEN.tensorboard);
  });

  test('hold any record', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.float({ noNaN: true }), fc.nat())), (values) => {
        const records = values.map(([tag, scalar, at]) =>
          tfRecord(encodeEvent({ wallTime: 1, step: at, values: [{ tag, scalar }] })),
        );
        const events = readEvents(Buffer.concat(records));
        expect(events.map(({ step: at, values: [value] }) => [value?.tag, value?.scalar, at])).toEqual(values);
      }),
    );
  });
});

test('a resumed run writes a second file that takes back what the first has after its step', async () => {
  const first = new TensorBoardTracker(context(silentReporter));
  for (const event of [start, step(1), step(2), step(3)]) first.track(event);
  await first.close();
  const again = { ...context(silentReporter), run: { ...run, resumed: true } };
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = new TensorBoardTracker(again);
  for (const event of [start, step(3), step(4)]) second.track(event);
  await second.close();
  const [, later = []] = await eventFiles();
  expect(later.filter(({ restart }) => restart).map((event) => event.step)).toEqual([3]);
  expect(later.at(-1)?.step).toBe(4);
});
