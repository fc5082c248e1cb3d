// Makes small pictures of products, and shows how a rounding mistake blocks a whole process.

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** One byte of grey a pixel, row by row. */
  readonly pixels: Uint8Array;
}

/** Takes every n-th pixel of an original whose sides are a multiple of the thumbnail's. */
export function resizeThumbnail(original: Picture, width: number, height: number): Picture {
  const pixels = new Uint8Array(width * height);
  // The mistake: for an original smaller than its thumbnail the step is 0, and x stands still.
  const step = Math.floor(original.width / width);
  let at = 0;
  for (let y = 0; y < original.height; y += step) {
    for (let x = 0; x < original.width; x += step) {
      pixels[at++] = original.pixels[y * original.width + x] ?? 0;
    }
  }
  return { width, height, pixels };
}

/** A picture of one colour. */
export function plainPicture(width: number, height: number): Picture {
  return { width, height, pixels: new Uint8Array(width * height).fill(128) };
}
