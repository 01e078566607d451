import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAlone, installNeurodex, judgeTarballs } from './install-checks.ts';
import { packAll } from './pack.ts';
import { registryBehind, startRegistry } from './registry.ts';
import { checkRuntimes, RUNTIMES_FOLDER, tableOf, worked } from './runtimes/check-runtimes.ts';
import { faultsOf, sizeOf } from './tarball-checks.ts';
import { useNeurodex } from './use-neurodex.ts';

/**
 * `npm run packages`: packs every package, installs the tarballs in empty projects from a registry on this machine, as users do, and uses
 * them there. Exit status 0: all is well; 1: each fault is said. Needs a registry for the packages of others.
 */
async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-installed-'));
  const faults: string[] = [];
  const check = async (what: string, work: () => Promise<readonly string[]> | readonly string[]): Promise<void> => {
    const began = performance.now();
    const found = await Promise.resolve()
      .then(work)
      .catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`${found.length === 0 ? 'ok    ' : 'FAULT '} ${what} (${seconds} s)`);
    for (const fault of found) console.log(`       ${fault}`);
    faults.push(...found);
  };
  try {
    const packed = packAll(join(folder, 'tarballs'), (line) => console.log(`packed ${line}`));
    const version = packed[0]?.version ?? '';
    for (const each of packed) {
      await check(`${each.name}: ${sizeOf(each).toFixed(1)} MiB`, () => faultsOf(each, version));
    }
    const registry = await startRegistry(packed, registryBehind());
    try {
      const installation = { folder, registry: registry.address, packed, check };
      const user = await installNeurodex(installation);
      // One half computes while the other one waits for npm.
      const [rows] = await Promise.all([
        useNeurodex(user, check).then(() =>
          checkRuntimes({ project: user, folder: RUNTIMES_FOLDER, registry: registry.address, log: console.log }),
        ),
        judgeTarballs(installation).then(() => checkAlone(installation, join(user.folder, 'photos'))),
      ]);
      console.log(tableOf(rows));
      if (!worked(rows)) faults.push('not every step works on every runtime');
    } finally {
      await registry.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(faults.length === 0 ? 'packages: all is well' : `packages: ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main();
