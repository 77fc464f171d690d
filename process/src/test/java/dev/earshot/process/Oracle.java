package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeSet;

/**
 * Knows whether anybody of a tree lives, without looking for processes: each inherits the writing
 * end of a pipe, whose other end is at its end once the last of them has gone.
 */
final class Oracle implements AutoCloseable {
  private static final int GUARD_MILLIS = 20_000;

  private final int reading;
  private int writing;

  private Oracle(int reading, int writing) {
    this.reading = reading;
    this.writing = writing;
  }

  static Oracle open() {
    int[] ends = Libc.pipe();
    return new Oracle(ends[0], ends[1]);
  }

  /** The same command, to be started next, with the descriptor. */
  CommandSpec inheritedBy(CommandSpec spec) {
    var descriptors = new TreeSet<>(spec.launch().descriptors());
    // The flag that closes it is not copied, by this way of making a copy.
    Libc.dup2(writing, 200);
    Libc.close(writing);
    writing = 200;
    descriptors.add(writing);
    return spec.withLaunch(new LaunchState(0, 0, descriptors));
  }

  /** Returns once nobody has it; fails if somebody has it for 20 s. */
  void awaitNobody() {
    closeWriting();
    var interests = new Libc.Interest[] {new Libc.Interest(reading, Platform.POLL_IN)};
    assertThat(Libc.poll(interests, GUARD_MILLIS)).as("somebody lives on").containsExactly(true);
  }

  private void closeWriting() {
    if (writing >= 0) {
      Libc.close(writing);
      writing = -1;
    }
  }

  @Override
  public void close() {
    closeWriting();
    Libc.close(reading);
  }
}
