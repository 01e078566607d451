import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const tokens = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8');

/** The declarations of a rule, by its selector. */
const declarations = (selector: string): Record<string, string> => {
  const start = tokens.indexOf(`${selector} {`);
  expect(start, selector).toBeGreaterThanOrEqual(0);
  const rule = tokens.slice(start, tokens.indexOf('}', start));
  return Object.fromEntries([...rule.matchAll(/([\w-]+): ([^;]+);/g)].map(([, name, value]) => [name, value]));
};

it('dark is the same whether the system or the visitor wants it', () => {
  const chosen = declarations(':root[data-theme="dark"]');
  expect(declarations(':root:not([data-theme="light"])')).toEqual(chosen);
  // Every colour of the light theme has a dark one.
  const colours = Object.entries(declarations(':root')).filter(([, value]) => value.startsWith('#'));
  expect(colours.length).toBeGreaterThan(15);
  for (const [name] of colours) expect(Object.keys(chosen), name).toContain(name);
});
