package dev.earshot.store;

import dev.earshot.exchange.Redaction;
import dev.earshot.session.Version;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * How an HTTP Archive of ours is laid out, line by line: a head that ends with {@code "entries":[},
 * each entry on a line of its own, all but the first beginning with a comma, and the end. So what
 * is behind the last newline of a file that was cut is all there is to cut off. JSON has no newline
 * within a string; an entry never has one.
 */
final class HarJson {
  /** The last line. */
  static final String END = "]}}\n";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT)
          .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
          .characterEscapes(TerminalEscapes.JSON)
          .build();

  private HarJson() {}

  /**
   * The first line, which is never longer than a page and so never cut by the death of a writer.
   */
  static byte[] head(Redaction redaction) {
    var bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator out = generator(bytes)) {
      out.writeStartObject();
      out.writeObjectPropertyStart("log");
      out.writeStringProperty("version", "1.2");
      out.writeObjectPropertyStart("creator");
      out.writeStringProperty("name", "Earshot");
      out.writeStringProperty("version", Version.TEXT);
      out.writeEndObject();
      if (redaction != Redaction.NONE) {
        out.writeStringProperty(
            "comment",
            "Credentials are masked: %s stands in their place.".formatted(Redaction.MASK));
        out.writeStringProperty("_masked", redaction.wireName());
      }
      out.writeArrayPropertyStart("pages");
      out.writeEndArray();
      out.writeArrayPropertyStart("entries");
      out.flush();
      bytes.write('\n');
      return bytes.toByteArray();
    }
  }

  /** Writes to the stream and never closes it, nor what is open in the document. */
  static JsonGenerator generator(OutputStream bytes) {
    return JSON.createGenerator(ObjectWriteContext.empty(), bytes);
  }

  /**
   * Writes one entry, without what stands before and behind it on its line.
   *
   * @throws IOException if that fails, or the record cannot be read; a part may be written by then
   */
  static void entry(OutputStream bytes, HarRecord record, Redaction redaction) throws IOException {
    try (JsonGenerator out = generator(bytes)) {
      HarEntry.write(out, record.exchange(), record.messages(), record.bodies(), redaction);
    } catch (JacksonException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e);
    } catch (UncheckedIOException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** What chars that are bytes say: UTF-8 where they are that, else ISO 8859-1. */
  static String text(String bytes) {
    if (bytes.chars().allMatch(c -> c < 0x80) || bytes.chars().anyMatch(c -> c > 0xFF)) {
      return bytes;
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1)))
          .toString();
    } catch (CharacterCodingException e) {
      return bytes;
    }
  }
}
