import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { REPLACED } from './vocabulary.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const OWN = /^tests\/vocabulary\b|^docs\/log\.md$/;

it('code and documents use the terms of the field', () => {
  const tracked = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.md', '*.json', '*.py'], {
    cwd: root,
    encoding: 'utf8',
  });
  const words = new RegExp(`\\b(${Object.keys(REPLACED).join('|')})\\b`, 'g');
  const found = tracked
    .split('\n')
    .filter((file) => file !== '' && !OWN.test(file))
    .flatMap((file) =>
      [...readFileSync(`${root}/${file}`, 'utf8').matchAll(words)].map(
        ([word = '']) => `${file}: ${word} is ${REPLACED[word]}`,
      ),
    );
  expect([...new Set(found)]).toEqual([]);
});
