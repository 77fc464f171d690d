package dev.earshot.session;

import dev.earshot.process.Machine;
import dev.earshot.process.ProcessEvent;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The file with a session's record, locked for the life of the session: the lock goes with the
 * process, however that dies. What cannot be written is one warning, and the session goes on. Used
 * by one thread at a time.
 */
final class SessionRecordFile implements AutoCloseable {
  /** In the session's folder. */
  static final String NAME = "record";

  /** Until it is whole and locked, so that nobody takes it for that of a dead session. */
  static final String UNFINISHED = "record.new";

  /** Earlier runs are dropped beyond it: a reader needs the latest. */
  static final int LARGEST = 16 << 10;

  private static final int LARGEST_START = SessionRecord.LARGEST - LARGEST;

  private final Consumer<SessionEvent> events;
  private Optional<FileChannel> channel = Optional.empty();
  private boolean failed;
  private long end;
  private long runsBegin;

  private SessionRecordFile(Consumer<SessionEvent> events) {
    this.events = events;
  }

  /** Writes what is known at the start. */
  static SessionRecordFile create(Path folder, SessionRecord start, Consumer<SessionEvent> events) {
    var file = new SessionRecordFile(events);
    file.orWarn(() -> file.begin(folder, start));
    return file;
  }

  /** On a channel that is open, without a lock. */
  static SessionRecordFile on(FileChannel channel, Consumer<SessionEvent> events) {
    var file = new SessionRecordFile(events);
    file.channel = Optional.of(channel);
    return file;
  }

  private void begin(Path folder, SessionRecord start) throws IOException {
    byte[] text = start.text().getBytes(StandardCharsets.UTF_8);
    if (text.length > LARGEST_START
        || start.text().lines().anyMatch(line -> bytes(line) > SessionRecord.LONGEST_LINE)) {
      throw new IOException("what may outlive the session is too long");
    }
    Path unfinished = folder.resolve(UNFINISHED);
    var opened =
        FileChannel.open(
            unfinished,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    channel = Optional.of(opened);
    lock(opened);
    append(text);
    runsBegin = end;
    Files.move(unfinished, folder.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
  }

  private static int bytes(String line) {
    return line.getBytes(StandardCharsets.UTF_8).length;
  }

  private static void lock(FileChannel channel) {
    try {
      channel.tryLock();
    } catch (IOException notSupported) {
      // Then the number of the process and its start have to tell whether it lives.
    }
  }

  /** Tells where the proxy listens; before the first run. */
  void proxyListens(InetSocketAddress address) {
    orWarn(() -> {
      append(SessionRecord.proxyLine(address).getBytes(StandardCharsets.UTF_8));
      runsBegin = end;
    });
  }

  /** Takes note of a run that has started; of what else happens to a command, none is needed. */
  void process(int run, ProcessEvent event) {
    if (event instanceof ProcessEvent.Started(long pid, _)) {
      long start = Machine.startOf(pid).orElse(0);
      var line =
          SessionRecord.runLine(new SessionRecord.Run(run, new SessionRecord.Numbered(pid, start)));
      orWarn(() -> appendRun(line.getBytes(StandardCharsets.UTF_8)));
    }
  }

  private void appendRun(byte[] line) throws IOException {
    if (end - runsBegin + line.length > LARGEST) {
      end = runsBegin;
      channel.orElseThrow().truncate(end);
    }
    append(line);
  }

  private void append(byte[] text) throws IOException {
    var bytes = ByteBuffer.wrap(text);
    while (bytes.hasRemaining()) {
      end += channel.orElseThrow().write(bytes, end);
    }
  }

  /** A step that may fail. */
  private interface Step {
    void run() throws IOException;
  }

  /** After a failure nothing more is written; the lock is kept. */
  private void orWarn(Step step) {
    try {
      if (!failed) {
        step.run();
      }
    } catch (IOException e) {
      failed = true;
      events.accept(
          new SessionEvent.Warning(
              "record",
              "cannot write the session's record: " + e.getMessage(),
              Optional.of("what this session leaves if it is killed will not be cleaned up")));
    }
  }

  /** Lets the lock go. */
  @Override
  public void close() {
    try {
      if (channel.isPresent()) {
        channel.get().close();
      }
    } catch (IOException e) {
      // What was not written by now is not needed any more.
    }
    channel = Optional.empty();
  }
}
