import { describe, expect, it } from 'vitest';
import { SiteFiles } from './site.ts';

type Answers = Readonly<Record<string, () => Response>>;
/** A site in the folder /deep/ whose files are made up. */
const site = (answers: Answers): SiteFiles =>
  new SiteFiles(new URL('https://host.example/deep/?device=wasm#x'), async (address) => {
    const name = String(address).replace('https://host.example/deep/', '');
    return answers[name]?.() ?? new Response('not found', { status: 404 });
  });
const described = (more: object = {}) => ({
  'description.json': () => Response.json({ format: 'neurodex-export', version: 1, ...more }),
});
const DESCRIPTION = { model: { file: 'model.safetensors', bytes: 5 } } as Parameters<SiteFiles['model']>[0];

describe('the files of an exported site', () => {
  it('are beside the page, wherever that is', async () => {
    const files = site({ 'pictures/7.webp': () => new Response('seven') });
    expect(files.address('thumbnails/3.webp')).toBe('https://host.example/deep/thumbnails/3.webp');
    expect(await (await files.picture(7)).text()).toBe('seven');
    expect(files.device).toBe('wasm');
  });

  it.each<[string, Answers, string, string]>([
    ['is not there', {}, 'no-index', 'there is no description.json beside this page'],
    [
      'is a page that a host shows for what it has not',
      { 'description.json': () => new Response('<html>') },
      'no-index',
      'not valid JSON',
    ],
    ['is of something else', described({ format: 'neurodex-index' }), 'no-index', 'no exported index'],
    ['is null', { 'description.json': () => Response.json(null) }, 'no-index', 'no exported index'],
    ['is of a later version', described({ version: 2 }), 'newer', 'has version 2'],
    ['cannot be had', { 'description.json': () => new Response('', { status: 503 }) }, 'unreachable', 'answered 503'],
  ])('say so where description.json %s', async (_, answers, code, message) => {
    await expect(site(answers).describe()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('say that the host cannot be reached', async () => {
    const files = new SiteFiles(new URL('https://host.example/'), () =>
      Promise.reject(new TypeError('Failed to fetch')),
    );
    await expect(files.describe()).rejects.toMatchObject({
      code: 'unreachable',
      hint: expect.stringContaining('online'),
    });
  });

  it('hold how likely answers are relevant, where somebody knows', async () => {
    const text = JSON.stringify({ size: 24 });
    const listed = (bytes: number) => ({ relevance: { file: 'relevance.json', bytes } }) as typeof DESCRIPTION;
    const files = site({ 'relevance.json': () => new Response(text) });
    expect(await files.relevance(listed(text.length), undefined)).toEqual({ size: 24 });
    expect(await files.relevance(DESCRIPTION, undefined)).toBeUndefined();
    await expect(files.relevance(listed(5), undefined)).rejects.toMatchObject({ code: 'damaged' });
    const broken = site({ 'relevance.json': () => new Response('{"a"') });
    await expect(broken.relevance(listed(4), undefined)).rejects.toMatchObject({
      code: 'damaged',
      message: 'relevance.json is not valid JSON',
    });
    await expect(site({}).relevance(listed(4), undefined)).rejects.toMatchObject({ code: 'no-index' });
  });

  it('tell how much of the model has come', async () => {
    const told: [number, number | undefined][] = [];
    const files = site({ 'model.safetensors': () => new Response(Uint8Array.of(1, 2, 3, 4, 5)) });
    const bytes = await files.model(DESCRIPTION, ({ done, total }) => told.push([done, total]));
    expect([...bytes]).toEqual([1, 2, 3, 4, 5]);
    expect(told.at(-1)).toEqual([5, 5]);
  });

  it.each([
    ['shorter', 4],
    ['longer', 6],
    ['empty', 0],
  ])('refuse a model that is %s than it should be', async (_, length) => {
    const files = site({ 'model.safetensors': () => new Response(new Uint8Array(length)) });
    await expect(files.model(DESCRIPTION, undefined)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('should have 5 bytes'),
    });
  });

  it('tell how much of the image encoder has come', async () => {
    const told: string[] = [];
    const files = site({ 'image_encoder.onnx': () => new Response(Uint8Array.of(1, 2, 3)) });
    const encoder = { file: 'image_encoder.onnx', bytes: 3 } as Parameters<SiteFiles['encoder']>[0];
    expect([...(await files.encoder(encoder, ({ activity }) => told.push(activity)))]).toEqual([1, 2, 3]);
    expect(told.at(-1)).toBe('Loading the image encoder');
    await expect(files.encoder({ ...encoder, bytes: 4 }, undefined)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('hold the embedding of a picture, and no other length of it', async () => {
    const values = Float32Array.of(0.5, -2, 7);
    const files = site({ 'embeddings/3.f32': () => new Response(values) });
    expect(await files.embedding(3, 3)).toEqual(values);
    await expect(files.embedding(3, 4)).rejects.toMatchObject({
      code: 'damaged',
      message: 'embeddings/3.f32 is not the file of this index: it should have 16 bytes',
    });
    await expect(files.embedding(4, 3)).rejects.toMatchObject({ code: 'no-index' });
  });
});
