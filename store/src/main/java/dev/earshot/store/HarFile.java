package dev.earshot.store;

import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Redaction;
import java.io.FilterInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An HTTP Archive that grows: a whole one after every addition, however many are to come. New
 * entries are written over its end, with a new end. When this process is killed in the middle, what
 * is there can be completed by a look at the last line ({@link HarRepair}, and the guardian's
 * script, which does the same).
 *
 * <p>For one thread at a time, but for {@link #abandon} and {@link #entries}; one that is
 * interrupted closes the file, whole or not. It needs memory for a piece of a file and of a body,
 * and for the text of a body that is masked.
 */
public final class HarFile implements AutoCloseable {
  private static final byte[] END = HarJson.END.getBytes(StandardCharsets.US_ASCII);

  /** The smallest page there is: larger ones have their bounds where these have some of theirs. */
  private static final int PAGE = 4096;

  private static final BodySource GONE =
      _ -> {
        throw new IOException("not to be read again");
      };

  private final FileChannel file;
  private final Redaction redaction;
  private final HarOutput out;

  /** Where the end begins: behind the last entry. */
  private long end;

  /** Where the entries of the present addition end. */
  private final List<Long> added = new ArrayList<>();

  private final AtomicLong entries = new AtomicLong();
  private boolean closed;

  private HarFile(FileChannel file, Redaction redaction, long end) {
    this.file = file;
    this.redaction = redaction;
    this.out = new HarOutput(file);
    this.end = end;
  }

  /**
   * Begins an archive in an open file, which is emptied and from now on this one's: it closes it.
   *
   * @param file a regular one
   */
  public static HarFile begin(FileChannel file, Redaction redaction) throws IOException {
    try {
      byte[] head = HarJson.head(redaction);
      var har = new HarFile(file, redaction, head.length);
      file.truncate(0);
      har.out.seek(0);
      har.out.write(head);
      har.out.write(END);
      har.out.drain();
      return har;
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /** How many entries it has. Any thread may ask. */
  public long entries() {
    return entries.get();
  }

  /**
   * Adds entries, with as few writes as possible. It is a whole archive afterwards, also when this
   * fails: with the entries that were added by then, and closed.
   *
   * @throws IOException if it cannot be written, or was abandoned
   */
  public void add(List<HarRecord> records) throws IOException {
    if (closed) {
      throw new IOException("the archive is closed");
    }
    if (records.isEmpty()) {
      return;
    }
    try {
      // A write that is killed ends at the bound of a page. Within one page the old end is replaced
      // at once; across a bound half of it could be left, behind part of an entry.
      if (end / PAGE != (end + END.length - 1) / PAGE) {
        file.truncate(end);
      }
      out.seek(end);
      for (HarRecord record : records) {
        add(record);
        added.add(out.position());
      }
      out.write(END);
      out.drain();
      take(added.size());
    } catch (IOException | RuntimeException e) {
      endEarly(e);
      throw e;
    } finally {
      added.clear();
    }
  }

  private void take(int count) {
    if (count > 0) {
      entries.addAndGet(count);
      end = added.get(count - 1);
    }
  }

  private void add(HarRecord record) throws IOException {
    long start = out.position();
    try {
      write(new HarRecord(record.exchange(), record.messages(), limited(record.bodies())));
    } catch (IOException e) {
      if (out.isOver()) {
        throw e;
      }
      // What cannot be read any more it does without.
      out.takeBack(start);
      write(new HarRecord(record.exchange(), List.of(), GONE));
    }
  }

  private void write(HarRecord record) throws IOException {
    if (entries.get() > 0 || !added.isEmpty()) {
      out.write(',');
    }
    HarJson.entry(out, record, redaction);
    out.write('\n');
  }

  /** Looking through a body ends, too, when nobody waits for it. */
  private BodySource limited(BodySource bodies) {
    return direction ->
        new FilterInputStream(bodies.open(direction)) {
          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            if (out.isAbandoned()) {
              throw new IOException("given up");
            }
            return super.read(bytes, offset, length);
          }
        };
  }

  /** Closes it with an end behind the last entry that was written whole. */
  private void endEarly(Exception why) {
    out.discard();
    take((int) added.stream().filter(it -> it <= out.written()).count());
    try (file) {
      closed = true;
      try {
        // On a full disk there is room for what takes the place of something.
        writeEnd();
        file.truncate(end + END.length);
      } catch (IOException e) {
        file.truncate(end);
        writeEnd();
      }
    } catch (IOException e) {
      why.addSuppressed(e);
    }
  }

  private void writeEnd() throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(END);
    while (bytes.hasRemaining()) {
      file.write(bytes, end + bytes.position());
    }
  }

  /** Makes an addition that is under way fail as soon as it can. Any thread may call this. */
  public void abandon() {
    out.abandon();
  }

  /** Again changes nothing. */
  @Override
  public void close() throws IOException {
    closed = true;
    file.close();
  }
}
