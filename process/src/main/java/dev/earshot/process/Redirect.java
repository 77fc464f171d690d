package dev.earshot.process;

/** Where one of a command's three standard streams leads. */
public sealed interface Redirect {
  /**
   * To what a descriptor of this process refers to. One that is closed is closed in the command,
   * too.
   */
  record Inherit(int descriptor) implements Redirect {
    public Inherit {
      if (descriptor < 0) {
        throw new IllegalArgumentException("not a descriptor: " + descriptor);
      }
    }
  }

  /** Nowhere: the descriptor is closed in the command. */
  record Closed() implements Redirect {}

  /** To /dev/null. */
  record Null() implements Redirect {}

  /** To a pipe, whose other end the {@link ProcessController} has. */
  record Pipe() implements Redirect {}
}
