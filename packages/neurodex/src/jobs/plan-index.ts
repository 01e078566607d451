import { nodeRuntime } from '@neurodex/autograd/node';
import type { BuildRequest } from '../build/build.ts';
import { checkMemory } from '../build/check-memory.ts';
import { checkVectorSource } from '../build/name-catalogue.ts';
import { checkEncoder } from '../build/open-encoder.ts';
import { type BuildPlan, planBuild } from '../build/plan.ts';
import { STAGES } from '../build/stages.ts';
import { checkConfig } from '../check-config.ts';
import { SYSTEM_NAMES } from '../query/system.ts';

/**
 * What an index would take, by stage; nothing is built.
 * @throws NeurodexError `config-invalid`, and of the data set's rules
 */
export async function planIndex(request: BuildRequest): Promise<BuildPlan> {
  const { config, systems, device } = request;
  checkConfig(config);
  checkMemory(config, { systems });
  checkVectorSource(config, systems ?? SYSTEM_NAMES);
  checkEncoder(config, systems);
  return await planBuild(
    request,
    nodeRuntime({ device }),
    STAGES.filter((stage) => stage.isPart(request)),
  );
}
