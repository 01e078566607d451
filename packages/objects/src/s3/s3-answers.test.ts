import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeUploadBody, parseAnswer, parseListPage, parseUploadId, textOf } from './s3-answers.ts';

/** From the documentation of ListObjectsV2, with an encoding. */
const PAGE = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix/><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><EncodingType>url</EncodingType>
  <IsTruncated>true</IsTruncated><NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents><Key>my+image%2B%C3%A4.jpg</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>
    <ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>
  <Contents><Key>b/c</Key><Size>0</Size></Contents>
</ListBucketResult>`;

describe('a page of a listing', () => {
  it('holds keys, sizes and what asks for the next', () => {
    expect(parseListPage(PAGE)).toEqual({
      objects: [
        { key: 'my image+ä.jpg', bytes: 434_234 },
        { key: 'b/c', bytes: 0 },
      ],
      next: '1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=',
    });
  });

  it('has keys as they are where they are not encoded', () => {
    const page = '<ListBucketResult><Contents><Key>a+b%20&lt;c&gt;</Key><Size>1</Size></Contents></ListBucketResult>';
    expect(parseListPage(page)).toEqual({ objects: [{ key: 'a+b%20<c>', bytes: 1 }], next: undefined });
  });

  it.each([
    '',
    'not XML',
    '<html><body>welcome</body></html>',
    '<ListBucketResult>',
    '<Error><Code>AccessDenied</Code></Error>',
    PAGE.replace(/<NextContinuationToken>.*?<\/NextContinuationToken>/, ''),
    PAGE.replace('434234', 'many'),
    PAGE.replace('434234', '-1'),
    PAGE.replace('%C3%A4', '%C3'),
  ])('%# is none', (text) => {
    expect(parseListPage(text)).toBeUndefined();
  });

  it('of whatever bytes is a page or none', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc
        .tuple(fc.nat(PAGE.length), fc.nat(20), fc.string({ maxLength: 5 }))
        .map(([at, length, put]) => PAGE.slice(0, at) + put + PAGE.slice(at + length)),
    );
    fc.assert(
      fc.property(text, (answer) => {
        const page = parseListPage(answer);
        for (const { key, bytes } of page?.objects ?? []) {
          expect(typeof key).toBe('string');
          expect(bytes).toBeGreaterThanOrEqual(0);
        }
        parseUploadId(answer);
      }),
      { numRuns: 500 },
    );
  });

  it('knows no entities but those of XML', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY x "y">]><Error><Code>&x;</Code></Error>';
    expect(parseAnswer(bomb)).toBeUndefined();
  });
});

describe('an upload in parts', () => {
  it('has an id', () => {
    const answer =
      '<InitiateMultipartUploadResult><Bucket>b</Bucket><UploadId>a&amp;b</UploadId></InitiateMultipartUploadResult>';
    expect(parseUploadId(answer)).toBe('a&b');
    expect(parseUploadId('<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>')).toBeUndefined();
    expect(parseUploadId('<html/>')).toBeUndefined();
  });

  it('is ended by the etags of its parts, in their order', () => {
    const root = parseAnswer(completeUploadBody(['"a"', '<&>']));
    expect(root?.name).toBe('CompleteMultipartUpload');
    const parts = root?.children.map((part) => [textOf(part as never, 'PartNumber'), textOf(part as never, 'ETag')]);
    expect(parts).toEqual([
      ['1', '"a"'],
      ['2', '<&>'],
    ]);
  });
});
