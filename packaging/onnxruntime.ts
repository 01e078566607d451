import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** ONNX Runtime for Node as we publish it: its own JavaScript, and the binaries of one platform. */
export const ONNXRUNTIME = '@neurodex/onnxruntime';

/** Platforms that it has binaries for. */
export const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'] as const;

const ORIGINAL = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
/** How its JavaScript loads the binary. */
const REQUIRED = /require\(`\.\.\/bin\/napi-v6\/[^`]*\/onnxruntime_binding\.node`\)/;

/**
 * Puts packages into `folder/onnxruntime` and `folder/onnxruntime-<platform>`. The published `onnxruntime-node` has the binaries of all platforms,
 * and an install script that fails where api.nuget.org cannot be reached; these have one platform each, and none.
 * @returns the folders
 */
export function stageOnnxruntime(folder: string, version: string): string[] {
  const original = JSON.parse(readFileSync(join(ORIGINAL, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const common = {
    ...{ version, license: 'MIT', author: 'Microsoft Corporation', type: 'commonjs' },
    repository: { type: 'git', url: 'git+https://github.com/microsoft/onnxruntime.git' },
  };
  const platforms = PLATFORMS.map((platform) => {
    const into = join(folder, `onnxruntime-${platform}`);
    const [os = '', cpu = ''] = platform.split('-');
    cpSync(join(ORIGINAL, 'bin/napi-v6', os, cpu), into, { recursive: true });
    writeManifest(into, {
      ...{ name: `${ONNXRUNTIME}-${platform}`, ...common },
      description: `The binaries of ONNX Runtime ${original.version} for ${platform}, as onnxruntime-node has them`,
      ...{ os: [os], cpu: [cpu], main: 'onnxruntime_binding.node' },
    });
    return into;
  });
  const main = join(folder, 'onnxruntime');
  mkdirSync(join(main, 'dist'), { recursive: true });
  for (const name of readdirSync(join(ORIGINAL, 'dist'))) {
    if (!/\.(?:js|d\.ts)$/.test(name)) continue;
    const text = readFileSync(join(ORIGINAL, 'dist', name), 'utf8');
    writeFileSync(join(main, 'dist', name), text.replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, '\n'));
  }
  const binding = join(main, 'dist', 'binding.js');
  const text = readFileSync(binding, 'utf8');
  if (!REQUIRED.test(text)) throw new Error(`${binding} does not load its binary as it did: look at it again`);
  writeFileSync(binding, text.replace(REQUIRED, `require('./platform.js').load()`));
  writeFileSync(join(main, 'dist', 'platform.js'), PLATFORM);
  writeManifest(main, {
    ...{ name: ONNXRUNTIME, ...common },
    description: `onnxruntime-node ${original.version} without an install script: the binaries of each platform are a package of the registry`,
    ...{ main: 'dist/index.js', types: 'dist/index.d.ts' },
    dependencies: { 'onnxruntime-common': original.dependencies['onnxruntime-common'] },
    optionalDependencies: Object.fromEntries(PLATFORMS.map((platform) => [`${ONNXRUNTIME}-${platform}`, version])),
  });
  return [...platforms, main];
}

/** Loads the binary of this platform, and says what is missing where there is none. */
const PLATFORM = `'use strict';
const name = \`${ONNXRUNTIME}-\${process.platform}-\${process.arch}\`;
exports.load = () => {
  try {
    return require(name);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND' || !String(error.message).includes(name)) throw error;
    const known = ${JSON.stringify(PLATFORMS.join(', '))};
    throw new Error(
      \`ONNX Runtime is not here: the package \${name} is not installed. There are builds for \${known}; npm leaves them out with --omit=optional\`,
      { cause: error },
    );
  }
};
`;

function writeManifest(folder: string, manifest: object): void {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(folder, 'LICENSE'), LICENCE);
  const { name, description } = manifest as { readonly name: string; readonly description: string };
  writeFileSync(
    join(folder, 'README.md'),
    `# ${name}\n\n${description}. Its sources are at https://github.com/microsoft/onnxruntime, under the MIT licence; third-party notices are in\nThirdPartyNotices.txt there. [Neurodex](https://www.npmjs.com/package/neurodex) publishes it, unchanged but for the place where the binary is loaded.\n`,
  );
}

/** As the repository of ONNX Runtime has it. */
const LICENCE = `MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;
