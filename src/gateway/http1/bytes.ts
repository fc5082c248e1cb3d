// Which bytes may stand where in a head. Source: RFC 9110 section 5.6.2, RFC 9112 sections 2 to 5.

export const tab = 0x09;
export const lf = 0x0a;
export const cr = 0x0d;
export const space = 0x20;
export const colon = 0x3a;
export const semicolon = 0x3b;

/** tchar: what a field's name is made of. */
export const tokenBytes: Uint8Array = table((byte) =>
  /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(text(byte)),
);

/** Visible ASCII, obs-text, space and tab: no other control byte, so no bare CR, LF or NUL. */
export const valueBytes: Uint8Array = table(
  (byte) => byte === tab || (byte >= space && byte !== 0x7f),
);

/** Visible ASCII without the fragment, which never goes over the wire. */
export const targetBytes: Uint8Array = table(
  (byte) => byte > space && byte < 0x7f && text(byte) !== "#",
);

/** Methods of the registry are upper case; what else a token could be is none that anybody knows. */
export const methodBytes: Uint8Array = table((byte) => /[A-Z_-]/.test(text(byte)));

/** The value of a hexadecimal digit, 255 for any other byte. */
export const hexValues: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9A-Fa-f]/.test(text(byte)) ? Number.parseInt(text(byte), 16) : 255,
);

function text(byte: number): string {
  return String.fromCharCode(byte);
}

function table(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}
