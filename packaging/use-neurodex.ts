import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { compile, TYPESCRIPT } from './compile.ts';
import type { InstallationOptions } from './install-checks.ts';
import type { Project } from './project.ts';

const SMALL = ['--preset', 'quick', '--systems', 'dsi,pixels', '--set', 'pictures.size=16'];

/** What a new user does with the installed program. @param project has neurodex, and photos; is left with an index of them */
export async function useNeurodex(project: Project, check: InstallationOptions['check']): Promise<void> {
  const neurodex = (...args: readonly string[]) => project.bin('neurodex', ...args);
  await check('npx neurodex demo', async () => {
    const { stdout } = await project.run('npx', ['neurodex', 'demo', '--concepts', '30', '--json']);
    const { systems } = JSON.parse(stdout) as { readonly systems: Readonly<Record<string, object>> };
    const missing = ['index', 'contact-sheet.png'].filter(
      (name) => !readdirSync(join(project.folder, 'neurodex-demo')).some((each) => each.startsWith(name)),
    );
    return [
      ...missing.map((name) => `the demo has no ${name}`),
      ...('dsi' in systems ? [] : ['the demo measured no dsi']),
    ];
  });
  await check('index, search, export', async () => {
    await neurodex('index', 'photos', '--out', 'photos.index', ...SMALL);
    const { stdout } = await neurodex('search', 'photos.index', join('photos', 'red', '0.png'), '--k', '3', '--json');
    const { results } = JSON.parse(stdout) as { readonly results: readonly { readonly answers: readonly object[] }[] };
    await neurodex('export', 'photos.index', '--web', 'site', '--onnx', 'onnx');
    return results[0]?.answers.length === 3 ? [] : [`a search had ${results[0]?.answers.length} answers`];
  });
  await check('doctor, and a completion script', async () => {
    const { status, findings } = JSON.parse((await neurodex('doctor', '--json')).stdout) as {
      readonly status: string;
      readonly findings: readonly { readonly status: string; readonly message: string }[];
    };
    const { stdout } = await neurodex('completion', 'bash');
    const problems = findings.filter((finding) => finding.status === 'problem').map(({ message }) => message);
    return [
      ...(status === 'problem' ? problems : []),
      ...(stdout.includes('complete -o bashdefault') ? [] : ['the script completes nothing']),
    ];
  });
  await check('the library, in TypeScript', () => useLibrary(project));
  await check('serve and the typed client', () => askServer(project));
}

const LIBRARY = `import { buildIndex, type BuildEvent, type Index, type Job, NeurodexError, openIndex, type SearchAnswer } from 'neurodex';

const options = { source: 'photos', out: 'library.index', preset: 'quick', config: { pictures: { size: 16 } } } as const;
const controller = new AbortController();
setTimeout(() => controller.abort(new Error('later')), 20);
const stopped: unknown = await buildIndex({ ...options, signal: controller.signal, systems: ['dsi'] }).catch((error: unknown) => error);
const build: Job<{ readonly index: string; readonly catalogue: number }, BuildEvent> = buildIndex({ ...options, systems: ['dsi'], resume: true });
const stages = new Set<string>();
for await (const event of build) stages.add(event.stage);
await using index: Index = await openIndex((await build).index, { systems: ['dsi'] });
const answers: SearchAnswer[] = [...(await index.search('photos/red/0.png', { k: 3, all: true }))];
let many = 0;
for await (const { query } of index.searchMany(['photos/red/1.png', 'photos/blue/1.png'])) many += query.length > 0 ? 1 : 0;
const code = await index.search('none.png').catch((error: unknown) => error instanceof NeurodexError && error.code);
console.log(JSON.stringify([stopped instanceof Error && stopped.message, stages.has('train'), answers.length, many, code]));
`;

/** What it says, and that nothing else is written to the terminal. */
async function useLibrary(project: Project): Promise<string[]> {
  await project.run('npm', ['install', '--no-save', ...TYPESCRIPT]);
  project.write('library.ts', LIBRARY);
  await compile(project, 'library.ts');
  const { stdout, stderr } = await project.run(process.execPath, ['library.js']);
  const expected = JSON.stringify(['later', true, 3, 2, 'picture-missing']);
  return [
    ...(stdout.trim() === expected ? [] : [`the library said ${stdout}`]),
    ...(stderr === '' ? [] : [`the library wrote to stderr: ${stderr}`]),
  ];
}

/** Asks the server of its argument, and prints how many indexes and answers it has. */
export const CLIENT = `import { neurodexClient } from 'neurodex/client';
import { readFile } from 'node:fs/promises';

const client = neurodexClient({ server: process.argv[2] });
const indexes = await client.indexes();
const bytes = await readFile('photos/blue/1.png');
const found = await client.search(new Blob([bytes], { type: 'image/png' }), { k: 2, system: ['dsi'] });
console.log(JSON.stringify([indexes.length, found.results[0].answers.length]));
`;

async function askServer(project: Project): Promise<string[]> {
  project.write('ask.mjs', CLIENT);
  const program = join(project.folder, 'node_modules', '.bin', 'neurodex');
  const server = spawn(program, ['serve', 'photos.index', '--port', '0'], { cwd: project.folder });
  let said = '';
  server.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  try {
    const address = await addressIn(() => said);
    const { stdout } = await project.run(process.execPath, ['ask.mjs', address]);
    return stdout.trim() === '[1,2]' ? [] : [`the client was answered ${stdout}`];
  } finally {
    server.kill('SIGINT');
    await new Promise((ended) => server.on('close', ended));
  }
}

const PATIENCE = 60_000;
/** @param said what a server has said so far */
export async function addressIn(said: () => string): Promise<string> {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await setTimeout(100)) {
    const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(said()) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`the server did not say where it listens:\n${said()}`);
}
