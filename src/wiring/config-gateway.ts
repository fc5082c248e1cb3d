// What a service says of its traffic: everything under `gateway`.
import type { BalancingConfig } from "./config-gateway-balancing.ts";
import type { FeaturesConfig } from "./config-gateway-features.ts";
import type { LimitsConfig } from "./config-gateway-limits.ts";
import type { SecureConfig } from "./config-gateway-secure.ts";
import type { TransportConfig } from "./config-gateway-transport.ts";

export interface GatewayConfig
  extends BalancingConfig,
    FeaturesConfig,
    LimitsConfig,
    TransportConfig,
    SecureConfig {}
