import type { OpenedModel, Runtime } from '@neurodex/autograd';
import { checkFile } from './check-file.ts';
import { unusable } from './unusable.ts';

/** Opens an ONNX file that was made elsewhere. @param name of the file @throws NeurodexError `encoder-unusable` */
export async function openForeignModel(runtime: Runtime, onnx: Uint8Array, name: string): Promise<OpenedModel> {
  checkFile(onnx, name);
  try {
    return await runtime.open(onnx);
  } catch (error) {
    throw unusable(name, `is not an ONNX model that can be run: ${whyNot(error)}`, {
      hint: 'take another export of it: ONNX Runtime must have all of its operators',
      cause: error,
    });
  }
}

/** ONNX Runtime names its own functions and files; of a file that is no ONNX it knows only that a library of its failed. */
function whyNot(error: unknown): string {
  const { message } = error as Error;
  if (/protobuf|parsing failed|ModelProto|invalid model/i.test(message))
    return 'it is damaged, cut off, or no ONNX file';
  return message.replace(/^Load model (from \S+ )?failed:\s*/i, '').replace(/\b[\w:]+::[\w:]+(\([^)]*\))?\s*/g, '');
}
