// The hundred products of the shop: the same on every machine.

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly priceCents: number;
  readonly currency: string;
}

const kinds = [
  ["Brass", "Copper", "Oak", "Linen", "Slate", "Wool", "Cork", "Glass", "Bamboo", "Walnut"],
  ["Kettle", "Lamp", "Clock", "Tray", "Vase", "Stool", "Basket", "Mirror", "Bowl", "Thermostat"],
] as const;

/** Products 1 to 100; prices from 3.99 to 202.99. */
export function hundredProducts(): Product[] {
  const [materials, things] = kinds;
  const names = materials.flatMap((material) => things.map((thing) => `${material} ${thing}`));
  // 37 is prime to 200: the prices look mixed and never repeat.
  return names.map((name, i) => ({
    id: i + 1,
    name,
    priceCents: 399 + 100 * ((i * 37 + 11) % 200),
    currency: "EUR",
  }));
}
