import { z } from 'zod';
import { imageContent, viewed } from '../image-content.ts';
import { indexSchema } from '../query.ts';
import { picture, pictureOf } from '../result-schemas.ts';
import { answering } from '../services.ts';
import { declared, READING, type Tool } from '../tool.ts';

export const view: Tool = {
  changes: false,
  declare: (services) =>
    declared({
      title: 'View a picture',
      description:
        'Show a picture of an index as it is stored, which is larger than in results, and what is known of it.',
      input: z.strictObject({
        picture: z.string().min(1).describe('id of the picture: <index>.<number>; or its number in the index'),
        ...indexSchema(services).shape,
      }),
      output: z.object({
        picture,
        width: z.int().describe('of the picture that is shown, in pixels'),
        height: z.int(),
        mimeType: z.string(),
      }),
      annotations: READING,
      async run({ picture: asked, index }, { signal }) {
        return await answering(services, signal, async () => {
          const { host } = services;
          const { facts, image } = /^\d+$/.test(asked) ? await host.pictureIn(index, asked) : await host.picture(asked);
          const { bytes, ...shown } = await viewed(await image());
          return {
            structured: { picture: pictureOf(facts), ...shown },
            pictures: [imageContent(bytes, shown.mimeType)],
          };
        });
      },
    }),
};
