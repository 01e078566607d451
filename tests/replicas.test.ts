import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import { hasHaproxy, killUnderLoad, startReplicas } from './replicas.fixture.ts';

/** Two servers behind HAProxy, with the configuration of deploy/, one of which is killed. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'neurodex-replicas-'));
const CONNECTIONS = 16;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const draw = (i: number): Promise<Buffer> =>
  sharp({ create: { width: 24, height: 24, channels: 3, background: { r: (37 * i) % 256, g: (91 * i) % 256, b: i } } })
    .png()
    .toBuffer();

it.skipIf(!hasHaproxy())(
  'loses only the requests that a killed replica had begun',
  async () => {
    const source = join(folder, 'source');
    for (let i = 0; i < 30; i++) {
      mkdirSync(join(source, `${i % 3}`), { recursive: true });
      await sharp(await draw(i)).toFile(join(source, `${i % 3}`, `${i}.png`));
    }
    const index = join(folder, 'index');
    const settings = [
      'pictures.size=16',
      'model.patchSize=8',
      'model.width=16',
      'model.heads=2',
      'training.seeSteps=2',
    ];
    const made = spawnSync(
      process.execPath,
      [bin, 'index', source, '--out', index, '--systems', 'dsi', ...settings.flatMap((each) => ['--set', each])],
      { encoding: 'utf8' },
    );
    expect(made.status, made.stderr).toBe(0);
    const replicas = await startReplicas(index);
    try {
      const body = new Uint8Array(await draw(7));
      const request = async (): Promise<boolean> => {
        const response = await fetch(`${replicas.address}/v1/search?k=3`, {
          ...{ method: 'POST', body, headers: { 'content-type': 'image/png' } },
          signal: AbortSignal.timeout(20_000),
        });
        await response.arrayBuffer();
        return response.ok;
      };
      const traffic = await killUnderLoad(replicas, { connections: CONNECTIONS, seconds: 3, request });
      expect(traffic.requests).toBeGreaterThan(4 * CONNECTIONS);
      expect(traffic.failed).toBeLessThanOrEqual(CONNECTIONS);
      expect(traffic.failedLate).toBe(0);
    } finally {
      await replicas.stop();
    }
  },
  120_000,
);
