import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const PAGES_FOLDER = 'pages';

/** What each file holds is its name, so that a test tells them apart. */
const FILES = [
  ...['indexing.html', 'static.html', 'icon.svg', 'theme.js', 'assets/static-1.js', 'assets/shared-2.js'],
  ...['assets/shared-2.css', 'assets/onnxruntime-web-1.2.3/ort.mjs', 'assets/onnxruntime-web-1.2.3/ort.wasm'],
];

const MANIFEST = {
  'indexing.html': { file: 'assets/indexing-3.js', imports: ['_shared.js'] },
  'static.html': { file: 'assets/static-1.js', imports: ['_shared.js'] },
  '_shared.js': { file: 'assets/shared-2.js', css: ['assets/shared-2.css'] },
};

/** Pages as Vite leaves them: two entries that share a file, a thread that one of them starts, and a runtime beside them. */
export async function writePages(folder: string): Promise<void> {
  const contents: Readonly<Record<string, string>> = {
    ...Object.fromEntries(FILES.map((file) => [file, file])),
    'assets/indexing-3.js': 'new Worker("worker-4.js")',
    'assets/worker-4.js': 'import "./core-5.js"',
    'assets/core-5.js': 'the thread',
    '.vite/manifest.json': JSON.stringify(MANIFEST),
  };
  for (const [file, content] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
}
