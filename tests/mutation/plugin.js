import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { CheckStatus } from '@stryker-mutator/api/check';
import { declareClassPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

// JavaScript, because Stryker's processes load it with plain Node.

export const sourceOf = ({ fileName }) => relative(process.cwd(), fileName).replaceAll('\\', '/');

const keyAt = (mutant, first) => {
  const { start, end } = mutant.location;
  const at = ({ line, column }) => `${line + first}:${column + first}`;
  return `${sourceOf(mutant)}:${at(start)}-${at(end)} ${mutant.mutatorName} ${mutant.replacement}`;
};

export const mutantKey = (mutant) => keyAt(mutant, 1);

export const resultKey = (result) => keyAt(result, 0);

export const errorWords = {
  shouldIgnore({ node, parent }) {
    const isError = node.type === 'NewExpression' && /Error$/.test(node.callee.name ?? '');
    const isThrown = node.type === 'CallExpression' && parent?.type === 'ThrowStatement';
    return isError || isThrown ? 'the words of an error' : undefined;
  },
};

/** Passes the mutants of the sample; those that it turns away do not run, and `run.ts` drops them from the results. */
class SampleChecker {
  async init() {
    const file = process.env.NEURODEX_MUTATION_SAMPLE;
    this.wanted = file === undefined ? undefined : new Set(JSON.parse(readFileSync(file, 'utf8')));
  }

  async check(mutants) {
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, this.judge(mutant)]));
  }

  async group(mutants) {
    return [mutants.map(({ id }) => id)];
  }

  judge(mutant) {
    return this.wanted === undefined || this.wanted.has(mutantKey(mutant))
      ? { status: CheckStatus.Passed }
      : { status: CheckStatus.CompileError, reason: 'not in the sample' };
  }
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'error-words', errorWords),
  declareClassPlugin(PluginKind.Checker, 'sample', SampleChecker),
];
