import { use, useEffect, useState } from 'react';
import type { Picture } from '../engine.ts';
import { AddressContext, BytesContext } from '../state/context.ts';
import { titleOf } from '../state/format.ts';

/** A picture of the index. Decorative where its title stands beside it. */
export function Thumb({
  picture,
  decorative = false,
  full = false,
}: {
  readonly picture: Picture;
  readonly decorative?: boolean;
  /** The picture as it is stored; its thumbnail otherwise. */
  readonly full?: boolean;
}) {
  const address = full ? picture.image : picture.thumbnail;
  const source = useAddress(address);
  const [failed, setFailed] = useState<string | null>(null);
  const alt = decorative ? '' : titleOf(picture);
  if (failed === address) return <span className="thumb missing">{decorative ? '' : alt}</span>;
  return (
    <img
      className="thumb"
      src={source}
      alt={alt}
      loading="lazy"
      decoding="async"
      onError={() => source !== undefined && setFailed(address)}
    />
  );
}

/** An `img` cannot send a token: with one, the picture is fetched and shown from memory. */
function useAddress(address: string): string | undefined {
  const fetchBytes = use(BytesContext);
  const located = use(AddressContext);
  const [local, setLocal] = useState<string | undefined>();
  useEffect(() => {
    if (fetchBytes === null) return;
    const controller = new AbortController();
    let made: string | undefined;
    fetchBytes(address, controller.signal)
      .then((blob) => {
        made = URL.createObjectURL(blob);
        if (controller.signal.aborted) URL.revokeObjectURL(made);
        else setLocal(made);
      })
      .catch(() => {
        if (!controller.signal.aborted) setLocal('about:invalid');
      });
    return () => {
      controller.abort();
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [address, fetchBytes]);
  return fetchBytes === null ? located(address) : local;
}
