import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../packages/web/tests/chromium.ts';
import { cloneInto } from './clone.fixture.ts';
import { missingForFirstSteps } from './first-steps.fixture.ts';

/** What docs/first-steps.md says, done in a clone and in a terminal. Tests use no network: the emoji come from the cache. */
const reason = await missingForFirstSteps();
const leftOut = reason === undefined ? '' : ` (left out: ${reason})`;

/** Of the whole test, on cores that others have as well. */
const PATIENCE = 1_200_000;

it('the document has the two commands of the README', () => {
  const blocks = [...readFileSync('docs/first-steps.md', 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)];
  const commands = blocks.flatMap(([, block = '']) => block.trim().split('\n'));
  expect(commands).toEqual(['npm ci', 'npx neurodex demo']);
  expect(readFileSync('README.md', 'utf8')).toContain(commands.join(' && '));
});

it.each([
  ['18.20.8', 1],
  ['20.18.3', 1],
  ['20.19.0', 0],
  ['22.1.0', 0],
] as const)('a Node that is too old is named before anything else fails: %s', (version, status) => {
  const checked = spawnSync(process.execPath, ['packaging/check-node.js', version], { encoding: 'utf8' });
  expect(checked.status).toBe(status);
  const said = status === 0 ? '' : `error: Neurodex needs Node 20.19 or newer, and this is Node ${version}\n`;
  expect(checked.stdout + checked.stderr).toBe(said);
});

describe.skipIf(reason !== undefined)(`the first steps${leftOut}`, { timeout: PATIENCE }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-first-steps-'));
  const clone = join(folder, 'neurodex');
  const programs = join(folder, 'programs');
  const opened = join(folder, 'opened');
  let demo: ChildProcess | undefined;

  beforeAll(() => {
    cloneInto(clone);
    // Stands in for the desktop, which has the browser.
    mkdirSync(programs);
    writeFileSync(
      join(programs, 'xdg-open'),
      `#!/bin/sh\nprintf '%s' "$1" > '${opened}.new' && mv '${opened}.new' '${opened}'\n`,
    );
    chmodSync(join(programs, 'xdg-open'), 0o755);
  }, PATIENCE);
  afterAll(() => {
    demo?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }, PATIENCE);

  it('lead from the build to a picture in the pages, without a warning', async () => {
    const built = spawnSync('npm', ['run', 'prepare'], { cwd: clone, encoding: 'utf8' });
    expect(built.status, built.stderr).toBe(0);
    expect(built.stdout + built.stderr).not.toMatch(/warn/i);

    const { SSH_CONNECTION: _1, SSH_CLIENT: _2, SSH_TTY: _3, ...environment } = process.env;
    const env = {
      ...environment,
      ...{ TERM: 'xterm-256color', DISPLAY: ':0', PATH: `${programs}${delimiter}${process.env.PATH}` },
    };
    // The words of the document, but for what makes it short.
    const command = 'npx neurodex demo --concepts 4 --preset quick';
    const running = spawn('script', ['-qec', command, '/dev/null'], { cwd: clone, env, stdio: 'pipe' });
    demo = running;
    let said = '';
    running.stdout.on('data', (data: Buffer) => {
      said += data.toString();
    });
    const ended = new Promise<void>((resolve) => running.once('close', () => resolve()));
    while (!existsSync(opened) && running.exitCode === null) await pause(200);
    expect(existsSync(opened), said).toBe(true);
    const address = readFileSync(opened, 'utf8');
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await seePicture(address);

    running.stdin.write('\u0003');
    await ended;
    // npx leaves a sign of its own that turns while it begins.
    const lines = stripVTControlCharacters(said)
      .replaceAll(/[\u2800-\u28ff]/g, '')
      .split(/[\r\n]+/);
    expect(lines).toContain(`Its pages are at ${address}, until Ctrl-C.`);
    expect(lines.filter((line) => line !== '').at(-1)).toBe(
      'The pages are closed. To open them again:  npx neurodex serve neurodex-demo/index',
    );
    // The test has the demo make four things in place of 64.
    const warnings = lines.filter((line) => /warn/i.test(line));
    expect(warnings).toEqual([expect.stringMatching(/^warning: the catalogue has 8 pictures: P@10/)]);
  });
});

/** In a browser where there is one: the first picture of the page is clicked, and its answers have pictures. */
async function seePicture(address: string): Promise<void> {
  const { pictures } = (await (await fetch(`${address}/v1/indexes/index/pictures`)).json()) as {
    readonly pictures: readonly { readonly thumbnail: string }[];
  };
  expect(pictures.length).toBeGreaterThan(8);
  const thumbnail = await fetch(new URL(pictures[0]?.thumbnail ?? '', address));
  expect([thumbnail.status, thumbnail.headers.get('content-type')]).toEqual([200, 'image/webp']);
  const program = findChromium();
  if (program === undefined) return;
  const browser = await chromium.launch({ executablePath: program });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(address);
    await page.locator('.tile').first().click();
    await page.locator('.answer img').first().waitFor();
    // Not waitForFunction: where it looks again, it asks the page to evaluate text, which its policy forbids.
    const width = (): Promise<unknown> => page.evaluate('document.querySelector(".answer img").naturalWidth');
    await expect.poll(width, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
  }
}
