package dev.earshot.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The ends of a command's standard streams: those to give to it, and those of the pipes that stay
 * here. All numbers are above what the command inherits, so that none is in the way of another when
 * they are put in place.
 */
final class StandardStreams {
  /** In place of a descriptor: the command's stream is not open. */
  static final int NOT_OPEN = -1;

  private final int lowest;
  private final List<Integer> sources = new ArrayList<>();
  private final List<Optional<OpenDescriptor>> kept = new ArrayList<>();
  private Optional<Pty> pty = Optional.empty();

  private StandardStreams(int lowest) {
    this.lowest = lowest;
  }

  /** Those of a command that cannot start. */
  static StandardStreams none() {
    return withoutPipes(0);
  }

  private static StandardStreams withoutPipes(int lowest) {
    var streams = new StandardStreams(lowest);
    streams.kept.addAll(List.of(Optional.empty(), Optional.empty(), Optional.empty()));
    return streams;
  }

  /**
   * Opens all, or nothing.
   *
   * @param lowest at least 3; every number is at least this
   */
  static StandardStreams open(CommandSpec spec, int lowest) throws ErrnoException, StartException {
    if (spec.pty().isPresent()) {
      var terminal = withoutPipes(lowest);
      terminal.pty = Optional.of(Pty.open(spec.pty().get(), lowest));
      return terminal;
    }
    Stdio stdio = spec.stdio();
    var streams = new StandardStreams(lowest);
    try {
      streams.add(stdio.in(), true);
      streams.add(stdio.out(), false);
      streams.add(stdio.err(), false);
    } catch (ErrnoException e) {
      streams.closeSources();
      streams.closeKept();
      throw e;
    }
    return streams;
  }

  /** Instead of sources: the terminal that all of the command's streams are. */
  Optional<Pty> pty() {
    return pty;
  }

  /** To become 0, 1 and 2 of the command, in this order; or {@link #NOT_OPEN}. */
  List<Integer> sources() {
    return sources;
  }

  /** Our end of a pipe to or from the command's descriptor 0, 1 or 2. */
  Optional<OpenDescriptor> kept(int number) {
    return kept.get(number);
  }

  /** Closes the command's ends here, after which the pipes end when the command's side does. */
  void closeSources() {
    sources.stream().filter(source -> source != NOT_OPEN).forEach(Libc::close);
    sources.clear();
  }

  void closeKept() {
    kept.forEach(each -> each.ifPresent(OpenDescriptor::close));
    pty.ifPresent(Pty::close);
  }

  private void add(Redirect redirect, boolean input) throws ErrnoException {
    switch (redirect) {
      case Redirect.Inherit(int descriptor) -> addSource(inherit(descriptor));
      case Redirect.Null() -> addSource(moveUp(Descriptors.openNull()));
      case Redirect.Closed() -> addSource(NOT_OPEN);
      case Redirect.Pipe() -> addPipe(input);
    }
  }

  private void addSource(int source) {
    sources.add(source);
    kept.add(Optional.empty());
  }

  private void addPipe(boolean input) throws ErrnoException {
    int[] ends = Libc.pipe();
    if (ends.length == 1) {
      throw failed(-ends[0]);
    }
    int ours;
    try {
      sources.add(moveUp(ends[input ? 0 : 1]));
    } catch (ErrnoException e) {
      Libc.close(ends[input ? 1 : 0]);
      throw e;
    }
    ours = moveUp(ends[input ? 1 : 0]);
    kept.add(Optional.of(OpenDescriptor.own(ours)));
  }

  private int inherit(int descriptor) throws ErrnoException {
    int duplicate = Libc.duplicate(descriptor, lowest);
    if (duplicate == -Errno.EBADF) {
      return NOT_OPEN;
    }
    if (duplicate < 0) {
      throw failed(-duplicate);
    }
    return duplicate;
  }

  /** The number may have been that of a standard stream, if this process began without one. */
  private int moveUp(int descriptor) throws ErrnoException {
    int moved = Descriptors.moveUp(descriptor, lowest);
    if (moved < 0) {
      throw failed(-moved);
    }
    return moved;
  }

  private static ErrnoException failed(int errno) {
    return new ErrnoException("cannot open the standard streams", errno);
  }
}
