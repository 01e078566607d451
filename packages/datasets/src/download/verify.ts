import type { NeurodexError } from '@neurodex/core';
import { downloadFailed } from './failures.ts';
import type { RemoteFile } from './remote-file.ts';

export type DigestAlgorithm = 'sha256' | 'md5';

/** The digest that a file is checked against: the stronger of those that are known. */
export function expectedDigest(remote: RemoteFile): { algorithm: DigestAlgorithm; digest: string } | undefined {
  if (remote.sha256 !== undefined) return { algorithm: 'sha256', digest: remote.sha256.toLowerCase() };
  return remote.md5 === undefined ? undefined : { algorithm: 'md5', digest: remote.md5.toLowerCase() };
}

/** What is wrong with a file; undefined when it is as it should be. */
export function mismatch(
  remote: RemoteFile,
  bytes: number,
  digestOf: (algorithm: DigestAlgorithm) => string,
): string | undefined {
  if (remote.bytes !== undefined && bytes !== remote.bytes) return `it has ${bytes} bytes, expected ${remote.bytes}`;
  const expected = expectedDigest(remote);
  if (expected === undefined) return undefined;
  const found = digestOf(expected.algorithm);
  if (found === expected.digest) return undefined;
  return `its ${expected.algorithm === 'md5' ? 'MD5' : 'SHA-256'} is ${found}, expected ${expected.digest}`;
}

export const notAsExpected = (remote: RemoteFile, wrong: string): NeurodexError =>
  downloadFailed(
    remote,
    `it is not what it should be: ${wrong}`,
    'its owner may have published another file under that address; or a proxy alters what it passes on',
  );
