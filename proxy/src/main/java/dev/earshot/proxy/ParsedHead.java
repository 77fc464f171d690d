package dev.earshot.proxy;

/**
 * What the bytes so far are.
 *
 * @param <H> what a whole head is
 */
sealed interface ParsedHead<H> {
  /** A whole head; what follows it begins {@code consumed} bytes in. */
  record Complete<H>(H head, int consumed) implements ParsedHead<H> {}

  /** A head so far, but not all of one. */
  record NeedMore<H>() implements ParsedHead<H> {}

  /** Not a head that we accept. {@code at} is the offset of the first byte at fault. */
  record Malformed<H>(String reason, int at) implements ParsedHead<H> {}
}
