import type { ExportedIndex } from './description.ts';
import { type ExportedEncoder, IMAGE_ENCODER_LICENCE } from './exported-encoder.ts';

/** What an export holds, in words: its README.md. */
export function tritonReadme(description: ExportedIndex, k: number): string {
  const { imageSize: size } = description.geometry;
  return `${heading(description)}
A model repository with one model, \`neurodex\`: the whole search in one graph of standard ONNX. Input \`pictures\`: uint8
[batch, ${size}, ${size}, 3], red, green, blue. Outputs: \`answers\`, int32 [batch, ${k}], positions in \`pictures\` of \`description.json\`, best first,
and \`scores\`, float32 [batch, ${k}], log-probabilities.

    docker run --rm -p 8000:8000 -v "$PWD:/models" nvcr.io/nvidia/tritonserver:25.10-py3 tritonserver --model-repository=/models
    pip install numpy pillow && python client.py http://localhost:8000 PICTURE…

\`client.py\` speaks the Open Inference Protocol (KServe v2) over HTTP, so it asks KServe's other runtimes as well. \`pictures.py\`
reads the pictures as Neurodex does.

**Many replicas.** The model keeps no state between requests: any number of servers can share this folder, or a copy in a
bucket, behind one load balancer.
- On one machine, raise \`instance_group\`'s \`count\` in \`neurodex/config.pbtxt\`: one instance for each GPU is usual, two where the
  GPU is not busy. On CPUs, as many instances as there are cores divided by the threads of each
  (\`parameters { key: "intra_op_thread_count" value { string_value: "2" } }\`).
- With KServe, an \`InferenceService\` whose \`predictor.model\` has \`modelFormat.name: onnx\`, \`runtime: kserve-tritonserver\`,
  \`protocolVersion: v2\` and this folder as \`storageUri\`; \`minReplicas\` and \`maxReplicas\` scale it.
- Dynamic batching collects requests for up to \`max_queue_delay_microseconds\`; larger delays give fuller batches and slower answers.
- A new export goes into \`neurodex/2/model.onnx\` beside the old one only if it is of the same index: positions in \`description.json\`
  belong to one export.
${closing(description)}`;
}

/** What a site holds beside its description. */
interface SiteContents {
  /** `SiteDescription.storesEmbeddings` */
  readonly storesEmbeddings?: boolean | undefined;
  /** Whether answers have a relevance. */
  readonly isCalibrated: boolean;
}

export function webReadme(description: ExportedIndex, { storesEmbeddings, isCalibrated }: SiteContents): string {
  const { encoder } = description;
  return `${heading(description)}
A static site that searches on the visitor's machine: the model is loaded once and no picture leaves the browser. It runs on
WebGPU where the browser has a graphics adapter for it, else on WebAssembly; \`?device=wasm\` or \`?device=webgpu\` behind the page's
address says which.

Any static host will do, in any folder: all addresses are relative. To look at it here:

    npx http-server . -p 8080        or        python -m http.server 8080

Opened as a file (\`file://\`) it does not work: browsers load no modules from there.

- **Threads.** WebAssembly uses several cores only where the page is isolated from others, which two headers say:
  \`Cross-Origin-Opener-Policy: same-origin\` and \`Cross-Origin-Embedder-Policy: require-corp\`. \`_headers\` has them in the form that
  Netlify and Cloudflare Pages read; GitHub Pages cannot send headers, and the page then runs on one core.
- **Types.** \`.wasm\` should be served as \`application/wasm\` and \`.mjs\` as \`text/javascript\`; most hosts do.
- **Compression.** The runtime's \`.wasm\` shrinks to about a third with gzip or Brotli.
- **Offline.** Once loaded, searching needs no network.${encoder === undefined ? '' : ' The image encoder is loaded with the first picture of a visitor.'}

\`model.safetensors\` holds the network, \`description.json\` the identifiers and names, ${isCalibrated ? `\`relevance.json\` how\nlikely answers are relevant, ` : ''}${siteFiles(description, storesEmbeddings)}
${closing(description)}`;
}

function siteFiles({ encoder }: ExportedIndex, storesEmbeddings: boolean | undefined): string {
  if (encoder === undefined)
    return `\`pictures/\` the catalogue as the model sees it
(without loss) and \`thumbnails/\` as people do.`;
  const { file, bytes } = encoder;
  const own =
    storesEmbeddings === true
      ? `\`embeddings/\` has what it made of each picture of this site, so
that a search with one of them does not load the encoder.`
      : `Pictures of this site are searched with
by their thumbnails, of which it makes nearly the same: their embeddings would be too large here.`;
  return `and
\`thumbnails/\` the pictures.

\`${file}\`, the image encoder in front of the network, is loaded when a visitor first searches with a picture of their own:
${bytes} bytes, which the browser keeps in memory. ${own}`;
}

/** The beginning of every README.md. */
export const heading = ({ name, dataset, pictures, neurodex, geometry, encoder, omitsWords }: ExportedIndex): string =>
  `# ${name}

An index of ${pictures.length} pictures (${dataset.name}) as a neural network, exported by Neurodex ${neurodex}. ${
    encoder === undefined
      ? `A picture of ${geometry.imageSize} × ${geometry.imageSize} pixels goes`
      : `What an image encoder makes of a picture goes`
  }
in, and the identifiers of matching catalogue pictures come out.
${omitsWords ? 'The index also finds pictures by words; this export does not hold the network that reads them.\n' : ''}`;

/** Its end: how weights are stored, and whose pictures and encoder these are. */
export function closing({ precision, notices, encoder }: ExportedIndex): string {
  const { weights, measured } = precision;
  const stored = `\nWeights are stored as ${weights} and computed with as float32.`;
  const lost =
    measured === null
      ? ''
      : ` On ${measured.queries} ${measured.split} queries ${measured.measure} is ${measured.exported.toFixed(4)}; with the weights as
trained it is ${measured.original.toFixed(4)}.`;
  const credits = notices.map(({ work, author, licence, url }) => `- ${work} by ${author}, ${licence}, ${url}`);
  return `${stored}${lost}\n${encoder === undefined ? '' : encoderNotice(encoder)}${credits.length > 0 ? `\n## Pictures\n\n${credits.join('\n')}\n` : ''}`;
}

/** Whose the encoder is, and that it is the one of the index. */
const encoderNotice = ({ file, bytes, sha256, origin }: ExportedEncoder): string => `
## The image encoder

\`${file}\` is the encoder that the index was built with, unchanged: ${bytes} bytes, SHA-256
${sha256}. The precision above is that of the other models.
${
  origin === null
    ? `Where it comes from is not recorded, and so its licence is not known: check that you may pass it on before you do.`
    : originWords(origin)
}
`;

function originWords({
  name,
  source,
  revision,
  licence,
  terms,
  converted,
}: NonNullable<ExportedEncoder['origin']>): string {
  const from = `It is ${name}, from ${source}, revision ${revision}${converted ? ', whose weights Neurodex has written as ONNX' : ''}.`;
  const whose = `Licence: ${licence.name}, ${licence.url}.`;
  return terms === undefined
    ? `${from}\n${whose} Check that you may pass it on before you do.`
    : `${from}\n${whose} Its text is in \`${IMAGE_ENCODER_LICENCE}\`: pass both on together.`;
}
