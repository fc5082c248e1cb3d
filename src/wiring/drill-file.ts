// Where a drill keeps what must come off again, when its process does not live to take it off.
import { join } from "node:path";

export const undoFile = (stateFolder: string): string => join(stateFolder, "drill.json");
