// The lines of the control socket on connections: protocol, Unix socket, PROXY.
import type { RouteTransport } from "../../protocol/gateway-transport.ts";
import { type Fields, list, maybe, mismatch, text, word } from "../../protocol/shape.ts";
import { networkProblem } from "../front/networks.ts";

const networksMax = 100;

/** @throws WIRE_SHAPE */
export function transport(raw: Fields, at: string): RouteTransport {
  const { protocol, path, acceptProxy, trustForwarded, sendProxy } = raw;
  return {
    ...maybe("protocol", protocol, at, (value, where) => word(value, where, ["tcp"] as const)),
    ...maybe("path", path, at, text),
    ...maybe("acceptProxy", acceptProxy, at, networks),
    ...maybe("trustForwarded", trustForwarded, at, networks),
    ...maybe("sendProxy", sendProxy, at, (value, where) =>
      word(value, where, ["v1", "v2"] as const),
    ),
  };
}

function networks(value: unknown, at: string): readonly string[] {
  return list(value, at, networksMax, (each, where) => {
    const said = text(each, where);
    return networkProblem(said) === undefined ? said : mismatch(where, "a network", said);
  });
}
