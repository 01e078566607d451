/** What an index can be exported as. */
export const EXPORT_KINDS = ['onnx', 'triton', 'web'] as const;

/** For which programs an index is exported. */
export type ExportKind = (typeof EXPORT_KINDS)[number];
