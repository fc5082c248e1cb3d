// What takes the first place of a container, so that the command line can name it.
export { initArguments } from "../platforms/init/init.ts";
