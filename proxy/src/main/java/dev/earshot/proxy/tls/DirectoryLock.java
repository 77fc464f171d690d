package dev.earshot.proxy.tls;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Held by whoever changes what is in a directory: one thread of one process at a time. The lock
 * goes with the process, so that one that was killed holds nobody up; its file stays.
 */
final class DirectoryLock implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /**
   * Whose turn it is in this process. Locks of files are the process's (fcntl(2)): a second channel
   * to the same file would not wait, and its close would let go of the first one's.
   */
  private static final ReentrantLock IN_THIS_PROCESS = new ReentrantLock();

  private final FileChannel channel;

  private DirectoryLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for its turn, but not for ever.
   *
   * @throws IOException if the file cannot be made or locked, or another holds it for long
   */
  static DirectoryLock of(Path file) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try {
      if (!IN_THIS_PROCESS.tryLock(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
        throw busy(file);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    try {
      return new DirectoryLock(locked(file, deadline));
    } catch (IOException | RuntimeException e) {
      IN_THIS_PROCESS.unlock();
      throw e;
    }
  }

  private static FileChannel locked(Path file, long deadline) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      FileLock lock = channel.tryLock();
      while (lock == null) {
        if (deadline - System.nanoTime() < 0 || Thread.currentThread().isInterrupted()) {
          throw busy(file);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
        lock = channel.tryLock();
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static IOException busy(Path file) {
    return new IOException("another process holds " + file);
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      IN_THIS_PROCESS.unlock();
    }
  }
}
