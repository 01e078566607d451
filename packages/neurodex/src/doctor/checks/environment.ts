import { NeurodexError, threadsFrom } from '@neurodex/core';
import { closest } from 'fastest-levenshtein';
import { VARIABLES, type Variable, variables } from '../environment.ts';
import { type Finding, fine, problem, warning } from '../finding.ts';
import type { Machine } from '../machine.ts';

/** Variables that the program's own tests read. */
const OF_TESTS = /^NEURODEX_(REQUIRE_|TEST_)/;

/** Which of our variables are set, without secrets; and those that are set in vain. */
export async function checkEnvironment({ environment, platform }: Machine): Promise<Finding[]> {
  const set = variables().flatMap(([name, variable]) => {
    const value = environment[name] ?? environment[name.toLowerCase()];
    return value === undefined ? [] : [{ name, value, variable }];
  });
  const told = set.map(({ name, value, variable }) => `${name}=${shown(value, variable)}`);
  const facts = { set: Object.fromEntries(set.map(({ name, value, variable }) => [name, shown(value, variable)])) };
  return [
    fine('environment', told.length === 0 ? 'none of its variables is set' : told.join(', '), facts),
    ...set.flatMap(({ name, value, variable }) => wrongValue(name, value, variable, platform)),
    ...Object.keys(environment).flatMap(unknownVariable),
  ];
}

/** Behind what a proxy or a server is reached by, without the user and the password in it. */
function shown(value: string, { isSecret, isAddress }: Variable): string {
  if (value.trim() === '') return '(empty)';
  if (isSecret) return '(set)';
  if (!isAddress) return value;
  const whole = withScheme(value);
  return URL.canParse(whole) ? new URL(whole).host : '(not an address)';
}

const withScheme = (value: string): string => (value.includes('://') ? value : `http://${value}`);

function wrongValue(name: string, value: string, variable: Variable, platform: NodeJS.Platform): Finding[] {
  if (value.trim() === '') {
    return [warning('environment', `${name} is set and empty, which is as if it were not set`, `unset ${name}`)];
  }
  if (variable.isAddress && !URL.canParse(withScheme(value))) {
    return [warning('environment', `${name} is no address`, 'write it as http://host:port')];
  }
  if (name === 'NEURODEX_THREADS') return wrongThreads(value);
  const isAbsolute = platform === 'win32' ? /^([a-z]:)?[\\/]/i.test(value) : value.startsWith('/');
  return name === 'NEURODEX_CACHE' && !isAbsolute
    ? [warning('environment', `NEURODEX_CACHE is ${value}, another folder wherever you are`, 'write a whole path')]
    : [];
}

/** Every command that computes would refuse it. */
function wrongThreads(value: string): Finding[] {
  try {
    threadsFrom({ NEURODEX_THREADS: value });
    return [];
  } catch (error) {
    if (!(error instanceof NeurodexError)) throw error;
    return [problem('environment', error.message, error.hint ?? 'unset it')];
  }
}

function unknownVariable(name: string): Finding[] {
  if (!name.startsWith('NEURODEX_') || Object.hasOwn(VARIABLES, name) || OF_TESTS.test(name)) return [];
  const known = Object.keys(VARIABLES).filter((each) => each.startsWith('NEURODEX_'));
  return [warning('environment', `nothing reads ${name}`, `did you mean ${closest(name, known)}?`, { variable: name })];
}
