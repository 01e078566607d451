import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll } from 'vitest';
import { objectStoreContract } from '../object-store.contract.ts';
import { openStore } from '../open-store.ts';
import { PART_BYTES } from './multipart-upload.ts';
import { TinyS3 } from './tiny-s3.fixture.ts';

let tiny: TinyS3;
beforeAll(async () => {
  tiny = await TinyS3.start({ page: 7 });
});
afterAll(() => tiny.stop());

let count = 0;
const open = (place: string) =>
  openStore(place, {
    environment: { AWS_ENDPOINT_URL: tiny.address, AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' },
    reporter: silentReporter,
    patience: { total: 5000 },
  });

objectStoreContract({
  name: 'of a small server of S3',
  open: () => open(`s3://bucket/contract/${count++}`),
  again: ({ place }) => open(place),
  largeBytes: 2 * PART_BYTES + 1,
  runs: 50,
});
