// Evidence and log lines as this platform gives them: what the rest of the daemon may use of it.
export { captureEvidence, lastLines } from "../platforms/capture.ts";
