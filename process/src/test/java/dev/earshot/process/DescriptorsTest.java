package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class DescriptorsTest {

  @Test
  void whatIsWrittenArrives() throws Exception {
    int[] pipe = Libc.pipe();
    try (var in = Descriptors.input(pipe[0]);
        var out = Descriptors.output(pipe[1])) {
      Descriptors.close(pipe[1]);
      byte[] sent = "x".repeat(300_000).getBytes(StandardCharsets.UTF_8);
      var writing = Thread.ofPlatform().start(() -> writeAndClose(out, sent));
      assertThat(in.readAllBytes()).isEqualTo(sent);
      writing.join();
    } finally {
      Descriptors.close(pipe[0]);
    }
  }

  @Test
  void closingEndsAWriteThatNobodyReads() throws Exception {
    int[] pipe = Libc.pipe();
    try {
      var out = Descriptors.output(pipe[1]);
      var problem = new AtomicReference<IOException>();
      var writing =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  out.write(new byte[10_000_000]);
                } catch (IOException e) {
                  problem.set(e);
                }
              });
      Libc.Interest[] room = {new Libc.Interest(pipe[1], Platform.POLL_OUT)};
      Eventually.until("the pipe is full", () -> !Libc.poll(room, 0)[0]);
      out.close();
      writing.join();
      assertThat(problem.get()).hasMessage("closed");
      assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);
    } finally {
      Descriptors.close(pipe[0]);
      Descriptors.close(pipe[1]);
    }
  }

  @Test
  void closingEndsAReadThatNobodyFeeds() throws Exception {
    int[] pipe = Libc.pipe();
    try {
      var in = Descriptors.input(pipe[0]);
      var problem = new AtomicReference<IOException>();
      var reading =
          Thread.ofPlatform()
              .name("pipe-reader")
              .start(() -> {
                try {
                  in.read();
                } catch (IOException e) {
                  problem.set(e);
                }
              });
      Eventually.until("the reader waits in the kernel", () -> sleeps("pipe-reader"));
      in.close();
      reading.join();
      assertThat(problem.get()).hasMessage("closed");
    } finally {
      Descriptors.close(pipe[0]);
      Descriptors.close(pipe[1]);
    }
  }

  /** Whether the thread of this name, which computes nothing, waits in the kernel. */
  private static boolean sleeps(String thread) throws IOException {
    try (var tasks = Files.list(Path.of("/proc/self/task"))) {
      for (Path task : tasks.toList()) {
        if (Files.readString(task.resolve("comm")).strip().equals(thread)) {
          var entry = ProcessTable.parse(Files.readString(task.resolve("stat")));
          return entry.orElseThrow().state() == 'S';
        }
      }
    }
    return false;
  }

  @Test
  void aReaderThatHasGoneIsAnErrorWithItsName() throws Exception {
    int[] pipe = Libc.pipe();
    try (var out = Descriptors.output(pipe[1])) {
      Descriptors.close(pipe[0]);
      assertThatThrownBy(() -> out.write(1))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("reader")
          .hasMessageContaining("EPIPE");
    } finally {
      Descriptors.close(pipe[1]);
    }
  }

  @Test
  void aNumberThatIsNotOpenIsRefused() {
    assertThat(Descriptors.isOpen(10_000)).isFalse();
    assertThat(Descriptors.isTerminal(10_000)).isFalse();
    assertThatThrownBy(() -> Descriptors.output(10_000))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("10000")
        .hasMessageContaining("EBADF");
  }

  @Test
  void givingAnEndAwayEndsThePipeForItsReader() throws Exception {
    int[] pipe = Libc.pipe();
    try (var in = Descriptors.input(pipe[0])) {
      Descriptors.replaceByNull(pipe[1]);
      assertThat(in.read()).isEqualTo(-1);
      assertThat(Descriptors.isOpen(pipe[1])).isTrue();
      assertThat(Libc.write(pipe[1], new byte[] {1}, 0, 1)).isEqualTo(1);
    } finally {
      Descriptors.close(pipe[0]);
      Descriptors.close(pipe[1]);
    }
  }

  private static void writeAndClose(java.io.OutputStream out, byte[] bytes) {
    try (out) {
      out.write(bytes);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
