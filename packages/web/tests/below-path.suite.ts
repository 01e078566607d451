import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openPage } from './browser.ts';
import { drawing } from './drawings.ts';
import { type Site, startServe } from './site.ts';

interface Proxy {
  readonly address: string;
  /** Paths that were asked for outside of the folder. */
  readonly astray: string[];
}

/** The pages as proxies serve them: below a path of a host that has other things at its root. */
export function belowPathSuite(site: () => Site): void {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** @param strips whether the path is taken off before the server is asked */
  async function proxy(target: string, path: string, strips: boolean): Promise<Proxy> {
    const { host, hostname, port } = new URL(target);
    const astray: string[] = [];
    const server = createServer((asked, answer) => {
      const url = asked.url ?? '';
      if (!url.startsWith(`${path}/`)) {
        astray.push(url);
        answer.writeHead(404).end();
        return;
      }
      const options = { hostname, port, method: asked.method, headers: { ...asked.headers, host } };
      const passed = request({ ...options, path: strips ? url.slice(path.length) : url }, (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
      });
      // Of pictures that a page no longer wants when it goes on.
      passed.on('error', () => answer.destroy());
      answer.on('close', () => passed.destroy());
      asked.pipe(passed);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}/`, astray };
  }

  /** Every page that asks the API, and pictures that load. */
  async function expectPages({ address, astray }: Proxy): Promise<void> {
    const { page, complaints } = await openPage(site().browser);
    try {
      await page.goto(address);
      await page.locator('.tile').first().waitFor();
      const buffer = await drawing('circle', 30);
      await page.locator('input[type=file]').setInputFiles({ name: 'mine.png', mimeType: 'image/png', buffer });
      await page.locator('.columns').waitFor();
      await page.waitForFunction(() => {
        const pictures = [...document.querySelectorAll<HTMLImageElement>('.answer img')];
        return pictures.length > 0 && pictures.slice(0, 3).every(({ naturalWidth }) => naturalWidth > 0);
      });
      await page.goto(`${address}#/catalogue`);
      await page.locator('.tile img').first().waitFor();
      expect(complaints).toEqual([]);
      expect(astray).toEqual([]);
    } finally {
      await page.context().close();
    }
  }

  it('that a proxy takes off, of which the server is not told', async () => {
    await expectPages(await proxy(site().server.address, '/photos', true));
  });

  it('of which the server is told, whether or not the proxy takes it off', async () => {
    const own = await startServe([site().indexes.plain], ['--base-path', '/a/search']);
    try {
      await expectPages(await proxy(own.address, '/a/search', false));
      await expectPages(await proxy(own.address, '/a/search', true));
    } finally {
      await own.stop();
    }
  });
}
