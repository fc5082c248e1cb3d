// Both kinds of gateway are held to the same contract: ours, and a real HAProxy.
import { describe, it } from "node:test";
import { gatewayConformance } from "../../src/testing/gateway-conformance.ts";
import { haproxyGateway, noHaproxy, ownGateway } from "./support/gateway-kinds.ts";

gatewayConformance("our gateway", ownGateway);

if (noHaproxy === false) gatewayConformance("HAProxy", haproxyGateway);
else describe("HAProxy", () => it("keeps to the gateway contract", { skip: noHaproxy }, () => {}));
