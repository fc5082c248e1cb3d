// Tells the lines of this library from those of the app that uses it.

/** The folder of the library: of its sources, or in a bundle of the whole package. */
const home = new URL("../..", import.meta.url);
const homePath = decodeURIComponent(home.pathname);

/** Whether a frame's file, as a URL or as a path, is one of the library's own; its tests are not. */
export function isOwnFile(file: string): boolean {
  const isInside = file.startsWith(home.href) || file.startsWith(homePath);
  return isInside && !/\.test\.[jt]s\b/.test(file);
}
