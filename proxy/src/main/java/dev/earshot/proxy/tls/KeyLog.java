package dev.earshot.proxy.tls;

import io.netty.handler.ssl.KeyLogAccess;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A file with the secrets of TLS connections, by which Wireshark and others decrypt what they have
 * captured: lines in the format of NSS, as {@code SSLKEYLOGFILE} makes them. Written by a thread of
 * its own, so that no handshake waits for a disk. Thread-safe.
 */
public final class KeyLog implements AutoCloseable {
  /** A connection of TLS 1.3 has five lines, each of some 200 bytes. */
  private static final int MOST_WAITING = 5_000;

  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** No line is empty: each has its end. */
  private static final byte[] END = {};

  private final Path file;
  private final WritableByteChannel channel;
  private final Consumer<String> problems;
  private final BlockingQueue<byte[]> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
  private final AtomicInteger lost = new AtomicInteger();
  private final Thread writer;
  private volatile boolean ended;

  private KeyLog(Path file, WritableByteChannel channel, Consumer<String> problems) {
    this.file = file;
    this.channel = channel;
    this.problems = problems;
    this.writer =
        Thread.ofPlatform().daemon().name("earshot-keylog").unstarted(this::writeUntilTheEnd);
  }

  /** Whether TLS here tells its secrets: BoringSSL does, the JDK does not. Loads the library. */
  public static boolean isSupported() {
    return OpenSsl.isAvailable();
  }

  /**
   * Creates the file for its owner alone, or empties it; it is not reached through a link.
   *
   * @param problems gets a line if not all can be written: at most one, on any thread
   */
  public static KeyLog open(Path file, Consumer<String> problems) throws IOException {
    WritableByteChannel channel =
        Files.newByteChannel(
            file,
            Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING,
                LinkOption.NOFOLLOW_LINKS),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    var log = new KeyLog(file, channel, problems);
    log.writer.start();
    return log;
  }

  /** Writes the secrets of all connections of a context, as long as it lives. */
  void follow(SslContext context) {
    if (!KeyLogAccess.follow(context, (_, line) -> line(line))) {
      throw new IllegalStateException("this TLS library tells no secrets");
    }
  }

  /** Takes a line without its end. Never waits: what does not fit is lost, and told. */
  void line(byte[] text) {
    if (ended) {
      return;
    }
    byte[] line = Arrays.copyOf(text, text.length + 1);
    line[text.length] = '\n';
    if (!waiting.offer(line)) {
      lost.incrementAndGet();
    }
  }

  private void writeUntilTheEnd() {
    try (channel) {
      for (byte[] line = waiting.take(); line.length > 0; line = waiting.take()) {
        for (var bytes = ByteBuffer.wrap(line); bytes.hasRemaining(); ) {
          channel.write(bytes);
        }
      }
      if (lost.get() > 0) {
        problems.accept(
            "the key log %s lacks %d lines: its disk is too slow".formatted(file, lost.get()));
      }
    } catch (IOException e) {
      ended = true;
      waiting.clear();
      problems.accept(
          "cannot write to the key log %s: %s; no more keys are written"
              .formatted(file, e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Writes what is waiting, for at most two seconds, and closes the file. To be called after all
   * connections have ended.
   */
  @Override
  public void close() {
    ended = true;
    long end = System.nanoTime() + PATIENCE.toNanos();
    boolean interrupted = false;
    boolean asked = false;
    long left = PATIENCE.toNanos();
    while (writer.isAlive() && left > 0) {
      try {
        asked = asked || waiting.offer(END, left, TimeUnit.NANOSECONDS);
        writer.join(Duration.ofNanos(Math.max(1, end - System.nanoTime())));
      } catch (InterruptedException e) {
        interrupted = true;
      }
      left = end - System.nanoTime();
    }
    if (writer.isAlive()) {
      problems.accept("the key log %s is not whole: its disk does not answer".formatted(file));
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
