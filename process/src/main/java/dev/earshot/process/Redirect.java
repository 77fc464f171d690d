package dev.earshot.process;

/** What a standard stream of the command is connected to. */
public sealed interface Redirect {

  /** A descriptor of this process; if it is not open at the start, as {@link Closed}. */
  record Inherit(int descriptor) implements Redirect {}

  /** {@code /dev/null}, for reading and writing. */
  record Null() implements Redirect {}

  /** A pipe, whose other end the controller hands out as a stream. */
  record Pipe() implements Redirect {}

  /** Not open, as by {@code <&-} in a shell. */
  record Closed() implements Redirect {}
}
