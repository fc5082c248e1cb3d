// Follows a file that others write and rotate: what comes, line by line, from now on.
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { cutLines, type LineCutter } from "./lines.ts";

export interface Tail {
  /**
   * Reads what came since the last time; the rest of more than `mostBytes` is left for the next.
   * @throws what the system says of a file that is there and cannot be read
   */
  look(mostBytes: number): void;
  close(): void;
}

interface Open {
  readonly fd: number;
  readonly inode: number;
  readonly device: number;
  readonly cutter: LineCutter;
  /** Another file was seen under the name: this one is read out once more, for who writes to it still. */
  isLeft: boolean;
}

const chunkBytes = 65_536;
const buffer = Buffer.allocUnsafeSlow(chunkBytes);

/**
 * Of a file that is there at first only what is added is read; one that comes later is read from its
 * beginning. What is added between the last look and a truncation is lost, and so is a truncation
 * after which as much was written as there had been: nobody can tell it from growth.
 */
export function tailFile(
  path: string,
  onLine: (text: string) => void,
  passes?: () => boolean,
): Tail {
  let open: Open | undefined;
  let isFirst = true;

  const close = (): void => {
    if (open) closeSync(open.fd);
    open = undefined;
  };
  const begin = (): void => {
    const stat = statSync(path, { throwIfNoEntry: false });
    const fromEnd = isFirst;
    isFirst = false;
    if (!stat) return;
    if (!stat.isFile()) throw new Error(`${path} is no file`);
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { ino: inode, dev: device, size } = fstatSync(fd);
    const cutter = cutLines(fromEnd ? size : 0, ({ text }) => onLine(text), passes);
    open = { fd, inode, device, cutter, isLeft: false };
  };
  /** True at the end of the file. */
  const readOn = ({ fd, cutter }: Open, mostBytes: number): boolean => {
    for (let bytes = 0; bytes < mostBytes; ) {
      const read = readSync(fd, buffer, 0, chunkBytes, cutter.offset);
      if (read === 0) return true;
      cutter.push(buffer.subarray(0, read));
      bytes += read;
    }
    return false;
  };
  return {
    close,
    look: (mostBytes) => {
      if (!open) begin();
      if (!open || !readOn(open, mostBytes)) return;
      const now = statSync(path, { throwIfNoEntry: false });
      const isOther = now && (now.ino !== open.inode || now.dev !== open.device);
      if (isOther && open.isLeft) {
        open.cutter.end();
        close();
        begin();
        if (open) readOn(open, mostBytes);
      } else if (isOther) open.isLeft = true;
      else if (now && now.size < open.cutter.offset) {
        open.cutter.jump(0);
        readOn(open, mostBytes);
      }
    },
  };
}
