import { afterEach, describe, expect, it } from 'vitest';
import { openS3 } from './open-s3.fixture.ts';
import { TinyS3, type TinyS3Options } from './tiny-s3.fixture.ts';

let tiny: TinyS3;
afterEach(() => tiny.stop());

const text = (content: string) => new TextEncoder().encode(content);
const keysOf = () => [...tiny.objects.keys()];

describe('conditions of a server', () => {
  it.each<[string, TinyS3Options]>([
    ['takes them and writes all the same', { ignoresConditions: true }],
    ['looks first and writes then', { looksFirst: true }],
    ['does not know them', { refusesConditions: true }],
  ])('that %s are refused, and nothing is lost by it', async (_, options) => {
    tiny = await TinyS3.start(options);
    const { store } = await openS3(tiny.address);
    const { etag } = (await store.put('a', text('1'))) as { etag: string };
    for (const condition of ['absent', { etag }, { etag: 'other' }] as const)
      await expect(store.put('a', text('2'), { condition })).rejects.toMatchObject({
        code: 'store-unsupported',
        message: expect.stringContaining(condition === 'absent' ? 'If-None-Match' : 'If-Match'),
        hint: expect.stringContaining('a folder'),
      });
    expect((await store.get('a'))?.content).toEqual(text('1'));
    expect(keysOf()).toEqual(['p/a']);
  });

  it('that keeps to them are asked for once, and nothing is left of it', async () => {
    tiny = await TinyS3.start();
    const { store } = await openS3(tiny.address);
    await store.get('a');
    const asked = tiny.requests.length;
    const first = await store.put('a', text('1'), { condition: 'absent' });
    expect(keysOf()).toEqual(['p/a']);
    const probed = tiny.requests.length - asked;
    expect(probed).toBeGreaterThan(3);
    await store.put('b', text('1'), { condition: 'absent' });
    expect(tiny.requests.length).toBe(asked + probed + 1);
    await store.put('a', text('2'), { condition: first as { etag: string } });
    expect(keysOf().sort()).toEqual(['p/a', 'p/b']);
  });

  it('are not asked for by whoever only reads', async () => {
    tiny = await TinyS3.start({ ignoresConditions: true });
    const { store } = await openS3(tiny.address);
    await store.get('a');
    await store.stat('a');
    for await (const _ of store.list('')) expect.unreachable();
    expect(tiny.requests.filter((request) => !/^(GET|HEAD)/.test(request))).toEqual([]);
  });
});
