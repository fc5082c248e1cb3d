// What the API answers when it cannot do what it was asked: Toxiproxy's messages and status codes.

/** Source of texts and codes: Shopify/toxiproxy, api.go. */
export class ApiFailure extends Error {
  readonly status: number;

  constructor(message: string, status: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

export function badBody(why: string, cause?: unknown): ApiFailure {
  return new ApiFailure(`bad request body: ${why}`, 400, cause);
}

export function missingField(field: string): ApiFailure {
  return new ApiFailure(`missing required field: ${field}`, 400);
}

export const failures = {
  proxyNotFound: (): ApiFailure => new ApiFailure("proxy not found", 404),
  proxyExists: (): ApiFailure => new ApiFailure("proxy already exists", 409),
  invalidStream: (): ApiFailure =>
    new ApiFailure("stream was invalid, can be either upstream or downstream", 400),
  invalidType: (): ApiFailure => new ApiFailure("invalid toxic type", 400),
  toxicExists: (): ApiFailure => new ApiFailure("toxic already exists", 409),
  toxicNotFound: (): ApiFailure => new ApiFailure("toxic not found", 404),
} as const;
