// Numbers of HTTP/2 under the names that Node has for them: its own list comes with all of its HTTP/2.

/** Error codes are those of RFC 9113, section 7; the flag of a frame is that of section 6. */
export const constants = {
  NGHTTP2_NO_ERROR: 0,
  NGHTTP2_PROTOCOL_ERROR: 1,
  NGHTTP2_INTERNAL_ERROR: 2,
  NGHTTP2_REFUSED_STREAM: 7,
  NGHTTP2_CANCEL: 8,
  NGHTTP2_ENHANCE_YOUR_CALM: 11,
  NGHTTP2_FLAG_END_STREAM: 1,
} as const;
