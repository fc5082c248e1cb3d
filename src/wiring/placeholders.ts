// ${index}, ${name}, ${port} and ${replicas} in command, cwd and env: what differs by instance.

export interface Filling {
  /** From 0 on. */
  readonly index: number;
  /** Of the service. */
  readonly name: string;
  readonly port?: number;
  readonly replicas: number;
}

export const placeholders: readonly (keyof Filling)[] = ["index", "name", "port", "replicas"];

const known = /\$(\$?)\{(index|name|port|replicas)\}/g;

/** `$${name}` stands for `${name}` itself; what has no value stays as it is. */
export function fill(text: string, filling: Filling): string {
  if (!text.includes("${")) return text;
  return text.replace(known, (all: string, escaped: string, name: keyof Filling) => {
    if (escaped !== "") return all.slice(1);
    const value = filling[name];
    return value === undefined ? all : String(value);
  });
}

/** The text without what is filled in, for who looks at the rest of it. */
export function unfilled(text: string): string {
  return text.replace(known, (all: string, escaped: string) => (escaped === "" ? "" : all));
}

/** Names in `${…}`; those that nothing fills are found here, too. */
export function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/(?<!\$)\$\{([^}]*)\}/g)].map(([, name = ""]) => name);
}
