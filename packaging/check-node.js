import { readFileSync } from 'node:fs';

// Plain JavaScript, which an old Node runs too. npm's own warning of it is not shown (loglevel in .npmrc), and what would fail
// behind it says nothing of Node.
const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const least = engines.node.replace('>=', '');
const [, , version = process.versions.node] = process.argv;
const [[leastMajor, leastMinor], [major, minor]] = [least, version].map((text) => text.split('.').map(Number));
if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
  console.error(`error: Neurodex needs Node ${least} or newer, and this is Node ${version}`);
  process.exitCode = 1;
}
