package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.TreeSet;

/**
 * Knows whether anybody of a tree lives, without looking for processes: each inherits the writing
 * end of a pipe, whose other end is at its end once the last of them has gone.
 */
final class Oracle implements AutoCloseable {
  /** The number that the writing end has in the tree. */
  static final int DESCRIPTOR = 200;

  /** Far less than the life of what the tests start. */
  private static final Duration LONGEST = Duration.ofSeconds(2);

  /** O_NONBLOCK: a reader does not wait for the first writer. */
  private static final int NOT_BLOCKING = 0x800;

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

  /**
   * One whose writing end is opened by name, by a program that cannot simply inherit it.
   *
   * @param path where nothing is yet
   */
  static Oracle named(Path path) throws Exception {
    try (var run = Run.of(CommandSpec.of("mkfifo", path.toString()), Run.policy(Run.NEVER))) {
      assertThat(run.await().exitCode()).hasValue(0);
    }
    int flags = Platform.OPEN_CLOEXEC | NOT_BLOCKING;
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    int reading = Libc.open(Platform.AT_CURRENT_DIRECTORY, name, flags);
    assertThat(reading).isNotNegative();
    return new Oracle(reading, -1);
  }

  /** The same command, to be started next, with the descriptor. */
  CommandSpec inheritedBy(CommandSpec spec) {
    var descriptors = new TreeSet<>(spec.launch().descriptors());
    // The flag that closes it is not copied, by this way of making a copy.
    Libc.dup2(writing, DESCRIPTOR);
    Libc.close(writing);
    writing = DESCRIPTOR;
    descriptors.add(writing);
    return spec.withLaunch(new LaunchState(0, 0, descriptors));
  }

  /** Returns once nobody has it, and tells how long that took; fails after 2 s. */
  Duration awaitNobody() {
    long before = System.nanoTime();
    assertThat(isNobodyLeftWithin(LONGEST)).as("nobody lives on").isTrue();
    return Duration.ofNanos(System.nanoTime() - before);
  }

  boolean isNobodyLeftWithin(Duration time) {
    closeWriting();
    var interests = new Libc.Interest[] {new Libc.Interest(reading, Platform.POLL_IN)};
    return Libc.poll(interests, (int) time.toMillis())[0];
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
