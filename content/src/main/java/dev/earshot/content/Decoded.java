package dev.earshot.content;

/** What became of a body whose content coding was taken off. */
public sealed interface Decoded {

  /** How many bytes were decoded and given out. */
  long bytes();

  /** Whether this is the whole content. */
  default boolean isWhole() {
    return this instanceof Whole || this instanceof Trailing;
  }

  /** The whole body was decoded. A body of no bytes at all is one, whatever its coding. */
  record Whole(long bytes) implements Decoded {}

  /** The whole content was decoded; bytes came after it that are no part of it. */
  record Trailing(long bytes, long trailing) implements Decoded {}

  /** The body ended before its content did. */
  record Unfinished(long bytes) implements Decoded {}

  /** From here on the body is not what its coding says. The reason is one line of text. */
  record Damaged(long bytes, String why) implements Decoded {}

  /** There is more, but a limit was reached: the size, or the ratio of a decompression bomb. */
  record Cut(long bytes, String why) implements Decoded {}

  /** Nothing was decoded: a coding is not known, or its library is not there. */
  record Undecodable(String why) implements Decoded {
    @Override
    public long bytes() {
      return 0;
    }
  }
}
