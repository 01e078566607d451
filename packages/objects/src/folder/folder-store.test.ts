import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterAll } from 'vitest';
import { objectStoreContract } from '../object-store.contract.ts';
import { openStore } from '../open-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'neurodex-folder-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = { environment: {}, reporter: silentReporter, create: true };
let count = 0;

objectStoreContract({
  name: 'in a folder',
  open: () => openStore(join(folder, `${count++}`, 'store'), options),
  again: ({ place }) => openStore(place, options),
  largeBytes: (5 << 20) + 1,
  runs: 40,
});
