package dev.earshot.store;

import dev.earshot.exchange.Redaction;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/** A whole HTTP Archive at once, of any length: no more than a piece of it is held. */
public final class HarExport {
  private HarExport() {}

  /**
   * Writes an archive, laid out as {@link HarFile} does it.
   *
   * @param out is flushed, not closed
   * @param records in the order of the entries, which is that in which the exchanges began
   * @return how many entries it has
   * @throws IOException if it cannot be written, or a body that could be read cannot be read any
   *     more; what was written is no whole archive then
   */
  public static long write(OutputStream out, Iterator<HarRecord> records, Redaction redaction)
      throws IOException {
    out.write(HarJson.head(redaction));
    long entries = 0;
    while (records.hasNext()) {
      HarRecord record = records.next();
      if (entries > 0) {
        out.write(',');
      }
      try (JsonGenerator json = HarJson.generator(out)) {
        HarEntry.write(json, record.exchange(), record.messages(), record.bodies(), redaction);
      } catch (JacksonException e) {
        throw e.getCause() instanceof IOException cause ? cause : new IOException(e);
      }
      out.write('\n');
      entries++;
    }
    out.write(HarJson.END.getBytes(StandardCharsets.US_ASCII));
    out.flush();
    return entries;
  }
}
