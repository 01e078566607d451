import type {
  CallToolResult,
  ContentBlock,
  McpServer,
  ServerContext,
  StandardSchemaWithJSON,
  ToolAnnotations,
} from '@modelcontextprotocol/server';
import type { Reporter } from '@neurodex/core';
import type { z } from 'zod';
import { failedResult, failureOf } from './failure.ts';
import { progressReporter } from './progress.ts';
import type { McpServices } from './services.ts';

export interface Call {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Whose progress the client hears. */
  readonly reporter: Reporter;
}

export interface Outcome {
  readonly structured: Record<string, unknown>;
  /** Pictures, each behind words that say which it is. */
  readonly pictures?: readonly ContentBlock[];
}

interface Declaration<Input extends z.ZodObject> {
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output: StandardSchemaWithJSON;
  readonly annotations: ToolAnnotations;
  /** @throws ApiError; NeurodexError */
  run(input: z.output<Input>, call: Call): Promise<Outcome>;
}

/** The same, of whatever input. */
interface Declared extends Omit<Declaration<z.ZodObject>, 'input' | 'run'> {
  readonly input: StandardSchemaWithJSON;
  run(given: unknown, call: Call): Promise<Outcome>;
}

/** One tool. */
export interface Tool {
  /** Whether it changes an index: without permission it is not offered. */
  readonly changes: boolean;
  /** As it is for the indexes of a server. */
  declare(services: McpServices): Declared;
}

/** What a client may think of a tool that reads, and of one that adds: neither reaches beyond the indexes. */
export const READING: ToolAnnotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };
/** A picture that an index has already is not added again. */
export const ADDING: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

export const declared = <Input extends z.ZodObject>({ run, ...others }: Declaration<Input>): Declared => ({
  ...others,
  // Input that is not as declared was refused before.
  run: (given, call) => run(others.input.parse(given), call),
});

export function registerTool(server: McpServer, name: string, declaration: Declared, services: McpServices): void {
  const { title, description, input, output, annotations, run } = declaration;
  const config = { title, description, inputSchema: input, outputSchema: output, annotations };
  server.registerTool(name, config, async (given: unknown, context: ServerContext): Promise<CallToolResult> => {
    const { signal } = context.mcpReq;
    try {
      const { structured, pictures = [] } = await run(given, { signal, reporter: progressReporter(context) });
      // Clients that read no structured content have the same as text.
      const text: ContentBlock = { type: 'text', text: JSON.stringify(structured) };
      return { content: [text, ...pictures], structuredContent: structured };
    } catch (error) {
      const failure = failureOf(error, services.isLocal);
      if (failure.isFault && !signal.aborted) services.onFault(error);
      return failedResult(failure);
    }
  });
}
