package dev.earshot.store;

import dev.earshot.content.ContentDecoder;
import dev.earshot.content.DecodeLimits;
import dev.earshot.content.DecodeMemory;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Masks what a capture is given, by a profile; or leaves it as it is, by {@link Redaction#NONE}.
 */
record Masking(Redaction profile) {
  private static final Set<String> SEEN = Set.of("image", "audio", "video", "font");

  /** Types whose bodies are compressed by themselves. */
  private static final Set<String> PACKED =
      Set.of(
          "application/zip",
          "application/gzip",
          "application/x-gzip",
          "application/zstd",
          "application/java-archive",
          "application/x-7z-compressed",
          "application/x-xz",
          "application/x-bzip2",
          "application/pdf");

  private static final String CODING = "Content-Encoding";

  /** Whether it masks anything. */
  boolean isOn() {
    return profile != Redaction.NONE;
  }

  String text(String text) {
    return profile.text(text);
  }

  String url(String url) {
    return profile.url(url);
  }

  List<String> argv(List<String> argv) {
    return profile.argv(argv);
  }

  List<Header> headers(List<Header> headers) {
    return profile.headers(headers);
  }

  RequestHead head(RequestHead head) {
    return isOn()
        ? new RequestHead(
            head.method(), url(head.target()), head.version(), withBody(head.headers()))
        : head;
  }

  ResponseHead head(ResponseHead head) {
    return isOn()
        ? new ResponseHead(
            head.version(), head.status(), text(head.reason()), withBody(head.headers()))
        : head;
  }

  /** Without the coding of a body that is kept without it. */
  private List<Header> withBody(List<Header> headers) {
    boolean decoded =
        treatment(headers) instanceof BodyTreatment.Mask
            && !ContentDecoder.codings(headers).isEmpty();
    return profile.headers(
        decoded ? headers.stream().filter(header -> !header.is(CODING)).toList() : headers);
  }

  /** What is to be done to the body under these headers. */
  BodyTreatment treatment(List<Header> headers) {
    String type = mediaType(headers).orElse("");
    String kind = type.substring(0, Math.max(type.indexOf('/'), 0));
    boolean seen = SEEN.contains(kind) && !type.endsWith("+xml");
    boolean coded = !ContentDecoder.codings(headers).isEmpty();
    if (!isOn() || (seen && !coded)) {
      return new BodyTreatment.Keep(!seen && !coded && !PACKED.contains(type));
    }
    return PACKED.contains(type) || kind.equals("multipart") || type.startsWith("application/grpc")
        ? new BodyTreatment.Drop()
        : new BodyTreatment.Mask(headers, type.equals("application/x-www-form-urlencoded"));
  }

  /** The type of the body, in lower case and without parameters. */
  static Optional<String> mediaType(List<Header> headers) {
    return Headers.first(headers, "Content-Type")
        .map(value -> value.split(";", 2)[0].strip().toLowerCase(Locale.ROOT))
        .filter(type -> !type.isEmpty());
  }

  /**
   * A whole body as it may be kept; empty if it is no text, or cannot be decoded.
   *
   * @param most bytes of it, decoded
   */
  Optional<byte[]> body(byte[] bytes, BodyTreatment.Mask how, int most) {
    var decoded = new ByteArrayOutputStream(bytes.length);
    try (var decoder =
        ContentDecoder.of(
            how.headers(),
            new DecodeLimits(most, DecodeLimits.DEFAULT.ratio()),
            new DecodeMemory(DecodeMemory.DEFAULT_BYTES),
            part -> append(decoded, part))) {
      decoder.feed(ByteBuffer.wrap(bytes));
      if (!decoder.end().isWhole()) {
        return Optional.empty();
      }
    }
    return text(decoded.toByteArray())
        .map(text -> masked(text, how).getBytes(StandardCharsets.UTF_8));
  }

  private static void append(ByteArrayOutputStream out, ByteBuffer part) {
    byte[] bytes = new byte[part.remaining()];
    part.get(bytes);
    out.writeBytes(bytes);
  }

  private String masked(String text, BodyTreatment.Mask how) {
    return text(how.form() ? url("?" + text).substring(1) : text);
  }

  /** Text in UTF-8; what is not, is taken for binary. */
  private static Optional<String> text(byte[] bytes) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.indexOf('\0') < 0 ? Optional.of(text) : Optional.empty();
    } catch (CharacterCodingException binary) {
      return Optional.empty();
    }
  }
}
