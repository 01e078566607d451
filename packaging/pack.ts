import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stageOnnxruntime } from './onnxruntime.ts';
import type { Packed } from './registry.ts';
import { PACKAGES, readManifest, stagePackage } from './stage.ts';

const CORE = fileURLToPath(new URL('../packages/core', import.meta.url));

/** Makes the tarballs of all packages, as `npm publish` takes them, those first that others need. The workspace has to be built. */
export function packAll(out: string, log: (line: string) => void): Packed[] {
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-packages-'));
  try {
    const staged = stageOnnxruntime(folder, readManifest(CORE).version);
    for (const name of PACKAGES) {
      const into = join(folder, name);
      mkdirSync(into);
      stagePackage(name, into);
      staged.push(into);
    }
    mkdirSync(out, { recursive: true });
    return staged.map((each) => {
      const manifest = readManifest(each);
      const file = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', resolve(out)], {
        ...{ cwd: each, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
      });
      log(`${manifest.name} ${manifest.version}`);
      return { name: manifest.name, version: manifest.version, manifest, file: join(resolve(out), file.trim()) };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
