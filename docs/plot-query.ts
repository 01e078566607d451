import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { queryChart } from './query-chart.ts';

/** `npx tsx docs/plot-query.ts QUERY.json`: draws docs/pictures/query-latency.svg from what `bench query` printed. */
const report = z.object({ sides: z.object({ latency: z.record(z.string(), z.record(z.string(), z.number())) }) });
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('which file did `npm run --silent bench query` print?');
const { latency } = report.parse(JSON.parse(readFileSync(file, 'utf8'))).sides;
writeFileSync(new URL('pictures/query-latency.svg', import.meta.url), queryChart(latency));
