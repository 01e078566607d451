import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PRESETS } from '../../presets/presets.ts';
import { SYSTEM_NAMES } from '../../query/system.ts';
import { createProgram } from '../cli.ts';
import { services } from '../jobs.ts';
import { runCli } from '../test-io.fixture.ts';
import { SHELLS } from './completions.ts';
import { allCommands, shapeOf } from './shape.ts';

/** The scripts in the shells that they are for. A shell that is not installed is left out, and said to be. */
const isInstalled = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-completion-'));
  mkdirSync(join(folder, 'photos.index'));
  writeFileSync(join(folder, 'holiday.jpg'), '');
  for (const shell of SHELLS) {
    const { stdout, status } = await runCli(['completion', shell]);
    expect(status).toBe(0);
    writeFileSync(join(folder, shell === 'zsh' ? '_neurodex' : `script.${shell}`), stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const io = { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {}, cwd: '/' };
const program = shapeOf(createProgram({ io, services }, { out: '', error: '' }));
const namesOf = (path: string): string[] =>
  (allCommands(program).find((command) => command.path.join(' ') === path)?.commands ?? []).map(
    ({ path: inner }) => inner.at(-1) ?? '',
  );

/** Words of a command line up to the cursor, and what must be among the completions, or must be all of them. */
interface Case {
  readonly line: readonly string[];
  readonly all?: readonly string[];
  readonly some?: readonly string[];
  readonly none?: readonly string[];
}

const CASES: readonly Case[] = [
  { line: [''], some: ['index', 'search', 'mcp', 'doctor', 'help'], none: ['plan', 'holiday.jpg'] },
  { line: ['sea'], all: ['search'] },
  { line: ['shards', ''], all: namesOf('shards') },
  { line: ['shards', 'pl'], all: ['plan'] },
  { line: ['dataset', 'build', 'photos', '--ou'], all: ['--out'] },
  { line: ['search', 'photos.index', '--system', ''], all: SYSTEM_NAMES },
  { line: ['search', 'photos.index', '--system', 'bo'], all: ['bovw'] },
  { line: ['search', 'photos.index', '--min'], some: ['--minus', '--min-relevance'], none: ['--system', '--out'] },
  { line: ['index', 'photos', '--preset', ''], all: Object.keys(PRESETS) },
  { line: ['index', 'photos', '--device', 'c'], all: ['cpu', 'cuda'] },
  { line: ['index', '--out', 'shards', '--pre'], all: ['--preset'] },
  { line: ['completion', ''], some: SHELLS, none: ['search'] },
  { line: ['help', 'dup'], all: ['duplicates'] },
  { line: ['no-such-command', '--s'], all: [] },
];
const FILES: Case = { line: ['search', 'photos.index', 'hol'], all: ['holiday.jpg'] };

function check(found: readonly string[], { all, some = [], none = [] }: Case): void {
  if (all !== undefined) expect([...found].sort()).toEqual([...all].sort());
  expect(found).toEqual(expect.arrayContaining([...some]));
  for (const word of none) expect(found).not.toContain(word);
}

const ASK_BASH = `source "$1"; shift; COMP_WORDS=(neurodex "$@"); COMP_CWORD=$#; _neurodex; printf '%s\\n' "\${COMPREPLY[@]}"`;
const inBash = (line: readonly string[]): string[] =>
  execFileSync('bash', ['-c', ASK_BASH, 'bash', join(folder, 'script.bash'), ...line], {
    encoding: 'utf8',
    cwd: folder,
  })
    .split('\n')
    .filter((word) => word !== '');

describe('bash', () => {
  it.each(CASES)('completes $line', (asked) => check(inBash(asked.line), asked));

  it('completes a value behind a sign, and each of several words', () => {
    expect(inBash(['search', '--system', '=', 'ds'])).toEqual(['dsi']);
    expect(inBash(['search', '--system', '='])).toEqual([...SYSTEM_NAMES]);
    expect(inBash(['index', 'photos', '--systems', 'dsi,pi'])).toEqual(['dsi,pixels']);
  });

  it('leaves names of files, also behind --, to the shell', () => {
    for (const line of [FILES.line, ['keypoints', '--', '--'], ['index', '--config', 'x']])
      expect(inBash(line)).toEqual([]);
    const complete = execFileSync('bash', [
      '-c',
      `source "$1"; complete -p neurodex`,
      'bash',
      join(folder, 'script.bash'),
    ]);
    expect(complete.toString()).toContain('-o default');
  });

  it('asks no program, and warns of nothing', () => {
    const asked = `PATH=/nowhere; ${ASK_BASH}`;
    const { stdout, stderr } = spawnSync('/bin/bash', ['-c', asked, 'bash', join(folder, 'script.bash'), 'exp'], {
      encoding: 'utf8',
    });
    expect([stdout, stderr]).toEqual(['export\n', '']);
  });
});

describe.skipIf(!isInstalled('fish'))('fish', () => {
  const inFish = (line: readonly string[]): string[] =>
    execFileSync(
      'fish',
      [
        '--no-config',
        '-c',
        'source $argv[1]; complete -C $argv[2]',
        join(folder, 'script.fish'),
        ['neurodex', ...line].join(' '),
      ],
      {
        ...{ encoding: 'utf8', cwd: folder, env: { ...process.env, HOME: folder } },
      },
    )
      .split('\n')
      .filter((word) => word !== '')
      .map((word) => word.split('\t')[0] ?? '');

  it.each([...CASES, FILES])('completes $line', (asked) => check(inFish(asked.line), asked));

  it('completes each of several words', () => {
    expect(inFish(['index', 'photos', '--systems', 'dsi,pi'])).toContain('dsi,pixels');
  });
});

/** Prints what zsh would add to a list of completions: it does so in a terminal alone, so that it is given one. */
const ASK_ZSH = `
zmodload zsh/zpty || exit 3
zpty z zsh -f -i
() {
  zpty -w z source $1
  repeat 4; do
    zpty -r z line
    [[ $line == ok* ]] && return
  done
} =( <<< '
PROMPT=
fpath=('"$1"' $fpath)
autoload -Uz compinit
compinit -u -d '"$1"'/.zcompdump
bindkey "^M" undefined
bindkey "^J" undefined
bindkey "^I" complete-word
null-line () { echo -E - $'"'\\\\0'"' }
compprefuncs=( null-line )
comppostfuncs=( null-line exit )
zstyle ":completion:*" list-grouped false
zstyle ":completion:*" insert-tab false
zmodload zsh/zutil
compadd () {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then
    builtin compadd "$@"
    return $?
  fi
  typeset -a __hits
  builtin compadd -A __hits "$@"
  typeset -A apre hpre
  zparseopts -E P:=apre p:=hpre
  (( $#__hits )) || return 1
  for hit in $__hits; do echo -E - "$IPREFIX$apre$hpre$hit"; done
}
echo ok')
shift
zpty -w z "$*"$'\\t'
integer seen=0
while zpty -r z; do :; done | while IFS= read -r line; do
  if [[ $line == *$'\\0\\r' ]]; then
    (( seen++ )) && exit 0 || continue
  fi
  (( seen )) && echo -E - \${line%$'\\r'}
done
`;

describe.skipIf(!isInstalled('zsh'))('zsh', () => {
  const inZsh = (line: readonly string[]): string[] =>
    execFileSync('zsh', ['-f', '-c', ASK_ZSH, 'zsh', folder, ['neurodex', ...line].join(' ')], {
      ...{ encoding: 'utf8', cwd: folder, timeout: 30_000, env: { ...process.env, HOME: folder, TERM: 'dumb' } },
    })
      .split('\n')
      .map((word) => word.replace(/=$/, ''))
      .filter((word) => word !== '');

  it.each([...CASES, FILES])('completes $line', (asked) => check([...new Set(inZsh(asked.line))], asked));

  it('completes each of several words', () => {
    expect(inZsh(['index', 'photos', '--systems', 'dsi,pi']).join()).toMatch(/pixels/);
  });
});

it('there is no script for other shells, and the nearest is named', async () => {
  const { status, stderr } = await runCli(['completion', 'zhs']);
  expect(status).toBe(2);
  expect(stderr).toContain('did you mean neurodex completion zsh?');
});
