package dev.earshot.cli.interop;

/** An origin that the interop tests know to start. */
enum OriginKind {
  /** {@code origin.mjs}: ports {@code http https h2 h2c grpc grpcs}. */
  NODE,

  /** {@code origin.py}: HTTP/1.0 and 1.1 of Python's own server; ports {@code http https}. */
  PYTHON,

  /** nginx with gzip, brotli, uploads by PUT and git; ports {@code http https h2 h2short}. */
  NGINX,

  /** nghttpd, which speaks HTTP/2 alone; port {@code h2}. */
  NGHTTPD
}
