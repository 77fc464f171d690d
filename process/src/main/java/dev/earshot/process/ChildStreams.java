package dev.earshot.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.posix.Posix;
import dev.earshot.process.posix.Posix.Outcome;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The standard streams of one command: the descriptors it gets, and our ends of its pipes. */
final class ChildStreams implements AutoCloseable {
  private static final int CLOSED = -1;

  private final Posix posix;
  private final List<Integer> ofChild = new ArrayList<>();
  private final List<Integer> opened = new ArrayList<>();
  private @Nullable OutputStream stdin;
  private @Nullable InputStream stdout;
  private @Nullable InputStream stderr;

  private ChildStreams(Posix posix) {
    this.posix = posix;
  }

  /** Opens what is to be opened. */
  static ChildStreams open(Posix posix, Stdio stdio) {
    var streams = new ChildStreams(posix);
    try {
      streams.add(stdio.in(), true);
      streams.stdout = streams.add(stdio.out(), false);
      streams.stderr = streams.add(stdio.err(), false);
      return streams;
    } catch (IOException e) {
      streams.closeOfChild();
      streams.close();
      throw new UncheckedIOException(e);
    }
  }

  /** The descriptors for 0, 1 and 2; -1 for closed. */
  List<Integer> ofChild() {
    return List.copyOf(ofChild);
  }

  /** Closes what was opened for the command, which has its copies by now. */
  void closeOfChild() {
    opened.forEach(posix::close);
    opened.clear();
  }

  Optional<OutputStream> stdin() {
    return Optional.ofNullable(stdin);
  }

  Optional<InputStream> stdout() {
    return Optional.ofNullable(stdout);
  }

  Optional<InputStream> stderr() {
    return Optional.ofNullable(stderr);
  }

  /** Closes our ends of the pipes. */
  @Override
  public void close() {
    closeQuietly(stdin);
    closeQuietly(stdout);
    closeQuietly(stderr);
  }

  private @Nullable InputStream add(Redirect redirect, boolean input) throws IOException {
    switch (redirect) {
      case Redirect.Inherit(int descriptor) ->
          ofChild.add(posix.isOpen(descriptor) ? descriptor : CLOSED);
      case Redirect.Closed() -> ofChild.add(CLOSED);
      case Redirect.Null() -> {
        if (!(posix.openForUpdate("/dev/null".getBytes(ISO_8859_1)) instanceof Outcome.Ok(int nothing))) {
          throw new IOException("cannot open /dev/null");
        }
        opened.add(nothing);
        ofChild.add(nothing);
      }
      case Redirect.Pipe() -> {
        int[] ends =
            posix.pipe().orElseThrow(() -> new IOException("cannot make a pipe: too many open files"));
        int theirs = input ? ends[0] : ends[1];
        int ours = input ? ends[1] : ends[0];
        opened.add(theirs);
        ofChild.add(theirs);
        try {
          // A pipe, unlike a terminal, may be opened again by its number.
          String name = "/proc/self/fd/" + ours;
          if (input) {
            stdin = new FileOutputStream(name);
          } else {
            return new FileInputStream(name);
          }
        } finally {
          posix.close(ours);
        }
      }
    }
    return null;
  }

  private static void closeQuietly(@Nullable AutoCloseable stream) {
    try {
      if (stream != null) {
        stream.close();
      }
    } catch (Exception e) {
      // A pipe whose reader is gone has nothing more to lose.
    }
  }
}
