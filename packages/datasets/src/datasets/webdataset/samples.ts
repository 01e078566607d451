import type { TarMember } from './tar-members.ts';

/** Files of one basename that follow each other in a shard: a picture and what is said of it. */
export interface Sample {
  /** With the folders before it, up to the first dot of the file's name. */
  readonly key: string;
  /** By ending: what follows the first dot, in lower case. */
  readonly members: ReadonlyMap<string, TarMember>;
  /** An ending that is there twice: which of the two is meant nobody knows. */
  readonly twice?: string;
}

/** The key and the ending of a member's name, as the library `webdataset` parts them; undefined for what is in no sample. */
export function keyAndEnding(name: string): { readonly key: string; readonly ending: string } | undefined {
  const [, key, ending] = /^((?:.*\/)?[^./][^./]*)\.([^/]*)$/s.exec(name.replace(/^\.\//, '')) ?? [];
  if (key === undefined || ending === undefined || /(^|\/)__[^/]*__$/.test(key)) return undefined;
  return { key, ending: ending.toLowerCase() };
}

/**
 * Groups the members of a shard that follow each other under one key. One sample is held at a time.
 * @param stray is told of members that are in no sample, and of the sample in which an archive breaks off: what is left of it may not be
 *   all of it
 */
export async function* samplesOf(
  members: AsyncIterable<TarMember>,
  stray: (name: string, reason: string) => void = () => {},
): AsyncGenerator<Sample, void, undefined> {
  let key: string | undefined;
  let held = new Map<string, TarMember>();
  let twice: string | undefined;
  const sample = (): Sample => ({ key: key ?? '', members: held, ...(twice === undefined ? {} : { twice }) });
  const told = async function* (): AsyncGenerator<TarMember> {
    try {
      yield* members;
    } catch (error) {
      if (key !== undefined) stray(key, 'the shard breaks off behind it, and it may not be whole');
      throw error;
    }
  };
  for await (const member of told()) {
    const parts = keyAndEnding(member.name);
    if (parts === undefined) {
      stray(member.name, 'in no sample: its name has no ending');
      continue;
    }
    if (parts.key !== key) {
      if (key !== undefined) yield sample();
      key = parts.key;
      held = new Map();
      twice = undefined;
    }
    if (held.has(parts.ending)) twice ??= parts.ending;
    else held.set(parts.ending, member);
  }
  if (key !== undefined) yield sample();
}
