import { checkSeal, checkVersion, malformed, parseJson, sealed } from '@neurodex/core/storage';
import type { ObjectStore } from '@neurodex/objects';
import { z } from 'zod';

/** Who may change a place now. */
const LEASE_KEY = 'changing.json';
const FORMAT = 'neurodex-shards-lease';
const VERSION = 1;

const schema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** Another one for each process that has it. */
  owner: z.string(),
  /** As people are told; null where nobody changes the place. */
  by: z.string().nullable(),
  /** When it last gave a sign of life. */
  renewed: z.iso.datetime(),
  /** SHA-256 of objects that it has put, or is about to put, and that nothing may refer to yet. */
  objects: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
});
export type LeaseFacts = Readonly<Omit<z.infer<typeof schema>, 'format' | 'version'>>;

/** @throws NeurodexError `index-damaged`, `index-newer`, `index-older`, `store-*` */
export async function findLease(
  store: ObjectStore,
): Promise<{ readonly record: LeaseFacts; readonly etag: string } | undefined> {
  const found = await store.get(LEASE_KEY);
  if (found === undefined) return undefined;
  const name = `${store.place}/${LEASE_KEY}`;
  const value = parseJson(found.content, name);
  checkVersion(value, { file: name, format: FORMAT, version: VERSION, what: 'lease' });
  checkSeal(value, name);
  const result = schema.safeParse(value);
  if (!result.success) throw malformed(name, 'a lease', result.error);
  return { record: result.data, etag: found.etag };
}

/** @param etag of the one that it replaces; undefined where there was none @returns its etag; undefined where another process was first */
export async function writeLease(
  store: ObjectStore,
  facts: LeaseFacts,
  etag: string | undefined,
): Promise<string | undefined> {
  const content = new TextEncoder().encode(sealed({ format: FORMAT, version: VERSION, ...facts }));
  const put = await store.put(LEASE_KEY, content, { condition: etag === undefined ? 'absent' : { etag } });
  return put.written ? put.etag : undefined;
}
