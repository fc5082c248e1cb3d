// What every kind of gateway must keep to, seen from its clients, its instances and its daemon.
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { balanceChecks } from "./gateway-checks-balance.ts";
import { lossChecks } from "./gateway-checks-loss.ts";
import { passChecks } from "./gateway-checks-pass.ts";
import {
  type GatewayCheck,
  type GatewayScene,
  type GatewayUnderTest,
  sceneOf,
} from "./gateway-scene.ts";
import { within } from "./waiting.ts";

export const gatewayChecks: readonly GatewayCheck[] = [
  ...passChecks,
  ...balanceChecks,
  ...lossChecks,
];

/** Registers the tests with node:test; one gateway serves them all, one after the other. */
export function gatewayConformance(name: string, make: () => Promise<GatewayUnderTest>): void {
  describe(`${name} keeps to the gateway contract`, () => {
    let gateway: GatewayUnderTest;
    let scene: GatewayScene;
    before(async () => {
      gateway = await make();
    });
    after(() => gateway.cleanup());
    beforeEach(async () => {
      scene = await sceneOf(gateway);
    });
    afterEach(() => scene.cleanup());
    for (const [says, holds] of gatewayChecks) it(says, () => within(30_000, holds(scene)));
  });
}
