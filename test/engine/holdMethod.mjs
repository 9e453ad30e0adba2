/**
 * Preloaded into the plugin (`NODE_OPTIONS=--import=…`): the first request of the method HOLD_METHOD is taken and never
 * answered, so that the plugin can be killed while the method is certain to be under way. HOLD_FILE then holds its pid.
 */
import { writeFileSync } from "node:fs";
import http2 from "node:http2";

const { HOLD_METHOD: method, HOLD_FILE: file } = process.env;
const createServer = http2.createServer;
let isHeld = false;

http2.createServer = (...args) => {
  const server = createServer(...args);
  const emit = server.emit.bind(server);
  server.emit = (event, stream, headers, ...rest) => {
    const isWanted = event === "stream" && headers[":path"] === `/pulumirpc.ResourceProvider/${method}`;
    if (!isWanted || isHeld) return emit(event, stream, headers, ...rest);
    isHeld = true;
    writeFileSync(file, String(process.pid));
    return true;
  };
  return server;
};
