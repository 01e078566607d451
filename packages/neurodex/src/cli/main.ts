import process from 'node:process';
import { run } from './run.ts';

await run(process);
