import { DESCRIPTION_FILE, type ExportedIndex } from './description.ts';
import { template, type Write } from './folder.ts';
import { type StoredModel, searchModel } from './models.ts';
import { tritonReadme } from './readme.ts';

/** Of the model in the repository, and of its folder. */
export const TRITON_MODEL = 'neurodex';
/** Pictures at once: more would take much memory for their attention and save little time. */
const MAX_BATCH = 32;
/** Longest that a request waits for others to come: about what one picture takes on a CPU. */
const QUEUE_MICROSECONDS = 2000;

/** A model repository for NVIDIA Triton or KServe: one model, whole search, pictures in, answers out. */
export async function writeTriton(
  write: Write,
  model: StoredModel,
  description: ExportedIndex,
  k: number,
): Promise<void> {
  await write(`${TRITON_MODEL}/1/model.onnx`, searchModel(model, k));
  await write(`${TRITON_MODEL}/config.pbtxt`, tritonConfig(model.model.geometry.imageSize, k));
  await write(DESCRIPTION_FILE, `${JSON.stringify(description)}\n`);
  await write('client.py', await template('triton/client.py'));
  await write('pictures.py', await template('pictures.py'));
  await write('README.md', tritonReadme(description, k));
}

/** Triton's ModelConfig (model_config.proto) as protobuf text; the batch is in no shape of it. */
export const tritonConfig = (size: number, k: number): string => `name: "${TRITON_MODEL}"
backend: "onnxruntime"
max_batch_size: ${MAX_BATCH}

input [
  { name: "pictures", data_type: TYPE_UINT8, dims: [ ${size}, ${size}, 3 ] }
]
output [
  { name: "answers", data_type: TYPE_INT32, dims: [ ${k} ] },
  { name: "scores", data_type: TYPE_FP32, dims: [ ${k} ] }
]

# Requests that come within the delay are searched together.
dynamic_batching {
  preferred_batch_size: [ 8, ${MAX_BATCH} ]
  max_queue_delay_microseconds: ${QUEUE_MICROSECONDS}
}

# One instance on each GPU, or one on the CPU where there is none.
instance_group [
  { count: 1, kind: KIND_AUTO }
]

# The first run of a batch size is slow; these are run before the model is ready.
model_warmup [
  {
    name: "one picture"
    batch_size: 1
    inputs { key: "pictures", value { data_type: TYPE_UINT8, dims: [ ${size}, ${size}, 3 ], zero_data: true } }
  },
  {
    name: "a full batch"
    batch_size: ${MAX_BATCH}
    inputs { key: "pictures", value { data_type: TYPE_UINT8, dims: [ ${size}, ${size}, 3 ], zero_data: true } }
  }
]
`;
