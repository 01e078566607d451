import { describe, expect, it } from 'vitest';
import { isS3Place, readS3Settings } from './s3-settings.ts';

const KEYS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'a secret of nobody'.replaceAll(' ', '-') };
const addressOf = (place: string, environment: Record<string, string> = {}) =>
  readS3Settings(place, environment).address.href;

describe('the place of a bucket', () => {
  it('is known by its beginning', () => {
    expect(['s3://a', 'S3://a', 's3:x'].map(isS3Place)).toEqual([true, true, true]);
    expect(['s3', './s3://a', '/s3:/a', 'https://s3'].map(isS3Place)).toEqual([false, false, false, false]);
  });

  it.each([
    ['s3://bucket', 's3://bucket', ''],
    ['s3://bucket/', 's3://bucket', ''],
    ['s3://bucket/a/b', 's3://bucket/a/b', 'a/b/'],
    ['s3://bucket/a//', 's3://bucket/a', 'a/'],
    ['s3://my.bucket-1/ä b', 's3://my.bucket-1/ä b', 'ä b/'],
  ])('%s', (place, told, prefix) => {
    expect(readS3Settings(place, {})).toMatchObject({ place: told, prefix });
  });

  it.each([
    's3:',
    's3:bucket',
    's3://',
    's3:///a',
    's3://Bucket',
    's3://ab',
    's3://bu_cket',
    's3://user@bucket',
    's3://bucket:80',
    's3://-bucket',
  ])('%s names no bucket', (place) => {
    expect(() => readS3Settings(place, {})).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it.each(['s3://bucket//a', 's3://bucket/a/../b', 's3://bucket/.'])('%s has a prefix that is no key', (place) => {
    expect(() => readS3Settings(place, {})).toThrow(expect.objectContaining({ code: 'object-key-invalid' }));
  });
});

describe('the address of a bucket', () => {
  it("is Amazon's, of the region", () => {
    expect(addressOf('s3://bucket')).toBe('https://bucket.s3.us-east-1.amazonaws.com/');
    expect(addressOf('s3://bucket', { AWS_DEFAULT_REGION: 'eu-west-1' })).toBe(
      'https://bucket.s3.eu-west-1.amazonaws.com/',
    );
    expect(addressOf('s3://bucket', { AWS_REGION: 'cn-north-1', AWS_DEFAULT_REGION: 'eu-west-1' })).toBe(
      'https://bucket.s3.cn-north-1.amazonaws.com.cn/',
    );
    expect(addressOf('s3://my.bucket')).toBe('https://s3.us-east-1.amazonaws.com/my.bucket/');
  });

  it('is that of the endpoint, the bucket in its path or before its host', () => {
    const AWS_ENDPOINT_URL = 'http://localhost:9000';
    expect(addressOf('s3://bucket', { AWS_ENDPOINT_URL })).toBe('http://localhost:9000/bucket/');
    expect(addressOf('s3://bucket', { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3: 'https://s3.test/storage/' })).toBe(
      'https://s3.test/storage/bucket/',
    );
    const AWS_VIRTUAL_HOSTED_STYLE_REQUEST = 'true';
    expect(addressOf('s3://bucket', { AWS_ENDPOINT_URL, AWS_VIRTUAL_HOSTED_STYLE_REQUEST })).toBe(
      'http://bucket.localhost:9000/',
    );
    expect(addressOf('s3://bucket', { AWS_ENDPOINT_URL: ' ' })).toContain('amazonaws.com');
  });

  it.each(['localhost:9000', 'ftp://host', 'http://user:pass@host', 'https://host?x=1', 'nonsense'])(
    '%s is none',
    (AWS_ENDPOINT_URL) => {
      expect(() => addressOf('s3://bucket', { AWS_ENDPOINT_URL })).toThrow(
        expect.objectContaining({ code: 'usage', message: expect.not.stringContaining(AWS_ENDPOINT_URL) }),
      );
    },
  );
});

describe('credentials', () => {
  it('are both halves, with a token or without', () => {
    expect(readS3Settings('s3://bucket', {}).credentials).toBeUndefined();
    expect(readS3Settings('s3://bucket', KEYS).credentials).toEqual({
      accessKeyId: KEYS.AWS_ACCESS_KEY_ID,
      secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY,
      sessionToken: undefined,
    });
    expect(readS3Settings('s3://bucket', { ...KEYS, AWS_SESSION_TOKEN: 't' }).credentials?.sessionToken).toBe('t');
  });

  it.each([
    [{ AWS_ACCESS_KEY_ID: 'id' }, 'AWS_SECRET_ACCESS_KEY'],
    [{ AWS_SECRET_ACCESS_KEY: 'hidden-one' }, 'AWS_ACCESS_KEY_ID'],
    [{ ...KEYS, AWS_SECRET_ACCESS_KEY: 'hidden one' }, 'AWS_SECRET_ACCESS_KEY'],
    [{ ...KEYS, AWS_SESSION_TOKEN: 'hidden\none' }, 'AWS_SESSION_TOKEN'],
    [{ ...KEYS, AWS_REGION: 'hidden/one' }, 'AWS_REGION'],
  ])('%o are refused by the name of the variable, not its value', (environment, name) => {
    try {
      readS3Settings('s3://bucket', environment);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining(name) });
      expect(JSON.stringify([error, String(error)])).not.toMatch(/hidden/);
    }
  });
});
