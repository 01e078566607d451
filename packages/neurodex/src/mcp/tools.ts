import type { Tool } from './tool.ts';
import { add } from './tools/add.ts';
import { duplicates } from './tools/duplicates.ts';
import { explain } from './tools/explain.ts';
import { search } from './tools/search.ts';
import { view } from './tools/view.ts';

/** Every tool, by the name that clients call it by. */
export const TOOLS = { search, explain, view, duplicates, add } as const satisfies Readonly<Record<string, Tool>>;

export type ToolName = keyof typeof TOOLS;
