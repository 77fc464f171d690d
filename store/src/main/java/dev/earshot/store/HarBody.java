package dev.earshot.store;

import dev.earshot.content.ContentDecoder;
import dev.earshot.content.DecodeLimits;
import dev.earshot.content.DecodeMemory;
import dev.earshot.content.Decoded;
import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JsonGenerator;

/**
 * One body of an exchange as an archive has it: without its content coding; as text if it is that,
 * else in base64. It is read once to find out which, and once more to be written. Only text of at
 * most {@link HarMask#LONGEST} chars is ever held as a whole.
 */
final class HarBody {
  /** What is written of a body. */
  private enum Form {
    NOTHING,
    /** The text that is held, masked. */
    HELD,
    /** All of its text, in its charset. */
    TEXT,
    /** Its bytes without the coding. */
    BYTES,
    /** Its bytes with the coding, which could not be taken off. */
    WIRE
  }

  /** Of a body with a coding: 256 MiB, and 1,000 to 1. */
  private static final DecodeLimits LIMITS = new DecodeLimits(256L * 1024 * 1024, 1_000);

  private static final int CHUNK = 16 * 1024;

  /** Media whose bytes hold no names of secrets. */
  private static final List<String> MEDIA = List.of("image/", "audio/", "video/", "font/");

  private static final String UNSEEN =
      "left out: it holds credentials, or could and cannot be looked through for them; try --redact"
          + " none";

  private static final Pattern CHARSET =
      Pattern.compile("(?i);\\s*charset\\s*=\\s*\"?([a-z0-9._:+-]{1,40})");

  private final List<Header> headers;
  private final Body body;
  private final Direction direction;
  private final BodySource source;
  private final HarMask mask;
  private final boolean coded;
  private final Charset charset;
  private final List<String> comments = new ArrayList<>();
  private Form form = Form.NOTHING;
  private String held = "";
  private long size;
  private boolean whole;

  private HarBody(
      List<Header> headers, Body body, Direction direction, BodySource source, HarMask mask) {
    this.headers = headers;
    this.body = body;
    this.direction = direction;
    this.source = source;
    this.mask = mask;
    this.coded = !ContentDecoder.codings(headers).isEmpty();
    this.charset = charset(mimeType(headers));
    this.size = body.bytes();
    this.whole = body.bytes() == 0;
  }

  /**
   * Looks through a body.
   *
   * @param headers of its message
   */
  static HarBody of(
      List<Header> headers, Body body, Direction direction, BodySource source, HarMask mask) {
    var looked = new HarBody(headers, body, direction, source, mask);
    looked.sayGap();
    if (body.kept() > 0) {
      try {
        looked.look();
      } catch (IOException e) {
        looked.form = Form.NOTHING;
        looked.whole = false;
        looked.comments.add("left out: its record could not be read");
      }
    }
    return looked;
  }

  /** The value of {@code Content-Type}; empty if there is none. */
  static String mimeType(List<Header> headers) {
    return Headers.first(headers, "Content-Type").orElse("");
  }

  private static Charset charset(String mimeType) {
    Matcher named = CHARSET.matcher(mimeType);
    try {
      return named.find() ? Charset.forName(named.group(1)) : StandardCharsets.UTF_8;
    } catch (IllegalArgumentException unknown) {
      return StandardCharsets.UTF_8;
    }
  }

  /** Bytes without the coding; if that was not taken off, with it. */
  long size() {
    return size;
  }

  /** Whether it has a coding, and its size without that is known. */
  boolean isDecoded() {
    return coded && whole;
  }

  /** Whether something of it is missing in the archive. */
  boolean isCut() {
    return !whole || (form == Form.NOTHING && size > 0);
  }

  /** What is to be said of it; empty if it is all there. */
  String comment() {
    return String.join("; ", comments);
  }

  boolean isText() {
    return form == Form.HELD || form == Form.TEXT;
  }

  boolean isBytes() {
    return form == Form.BYTES || form == Form.WIRE;
  }

  /** Its text with secrets masked, if it is short enough to be held. */
  Optional<String> held() {
    return form == Form.HELD ? Optional.of(held) : Optional.empty();
  }

  private void sayGap() {
    String kept = "%d of %d bytes were kept".formatted(body.kept(), body.bytes());
    switch (body.gap()) {
      case NONE -> {
        // All is there.
      }
      case TRUNCATED -> comments.add("truncated: " + kept + ", see --max-body");
      case GIVEN_UP -> comments.add("truncated: " + kept + ", the disk could not keep up");
      case MASKED -> comments.add(UNSEEN);
    }
  }

  private void look() throws IOException {
    var chars = new HarChars(charset, new Collector());
    Decoded decoded = read(chars);
    whole = decoded.isWhole() && !body.isCut();
    size = coded ? decoded.bytes() : body.bytes();
    if (decoded instanceof Decoded.Damaged || decoded instanceof Decoded.Undecodable) {
      undecoded(decoded);
      return;
    }
    if (decoded instanceof Decoded.Cut(_, var why)) {
      comments.add("truncated: " + why);
    } else if (!decoded.isWhole() && !body.isCut()) {
      comments.add("it ended before its content coding did");
    }
    boolean text = chars.end(whole);
    if (text && chars.count() <= HarMask.LONGEST) {
      String plain = ((Collector) chars.sink()).text();
      form = Form.HELD;
      held = mask.body(mimeType(headers), plain);
      leaveOutIf(mask.isOn() && held.equals(plain) && otherTextHasSecrets());
    } else {
      form = text ? Form.TEXT : Form.BYTES;
      boolean media =
          MEDIA.stream().anyMatch(mimeType(headers).toLowerCase(Locale.ROOT)::startsWith);
      leaveOutIf(mask.isOn() && (text || !media) && hasSecrets());
    }
  }

  private void leaveOutIf(boolean secret) {
    if (secret) {
      form = Form.NOTHING;
      held = "";
      comments.add(UNSEEN);
    }
  }

  private boolean hasSecrets() throws IOException {
    if (form == Form.BYTES) {
      return bytesHaveSecrets();
    }
    var search = new HarSearch(mask);
    var chars = new HarChars(charset, search);
    read(chars);
    chars.end(whole);
    return search.found() || otherTextHasSecrets();
  }

  /** Under a charset that its sender was wrong about a secret is still one. */
  private boolean otherTextHasSecrets() throws IOException {
    return !charset.equals(StandardCharsets.UTF_8) && bytesHaveSecrets();
  }

  private boolean bytesHaveSecrets() throws IOException {
    var search = new HarSearch(mask);
    read(search::bytes);
    return search.found();
  }

  private void undecoded(Decoded decoded) {
    whole = false;
    size = body.bytes();
    String why = decoded instanceof Decoded.Damaged(_, var damage) ? damage : "";
    why = decoded instanceof Decoded.Undecodable(var reason) ? reason : why;
    comments.add("its content coding could not be taken off: " + why);
    if (mask.isOn()) {
      comments.add(UNSEEN);
    } else {
      form = Form.WIRE;
    }
  }

  /** Gives out the kept bytes without their coding. */
  private Decoded read(Consumer<ByteBuffer> out) throws IOException {
    DecodeLimits limits = coded ? LIMITS : DecodeLimits.STREAM;
    return read(headers, limits, out);
  }

  private Decoded read(List<Header> codings, DecodeLimits limits, Consumer<ByteBuffer> out)
      throws IOException {
    var memory = new DecodeMemory(DecodeMemory.DEFAULT_BYTES);
    try (InputStream in = source.open(direction);
        var decoder = ContentDecoder.of(codings, limits, memory, out)) {
      byte[] chunk = new byte[CHUNK];
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        decoder.feed(ByteBuffer.wrap(chunk, 0, read));
      }
      return decoder.end();
    }
  }

  /**
   * Writes a string: its text, or its bytes in base64.
   *
   * @throws IOException if the body cannot be read any more, or is not what it was; the document is
   *     broken then
   */
  void write(JsonGenerator out) throws IOException {
    if (form == Form.NOTHING || form == Form.HELD) {
      out.writeString(held);
      return;
    }
    out.writeRawValue("\"");
    if (form == Form.TEXT) {
      var chars = new HarChars(charset, new HarEscapes(out));
      read(chars);
      if (!chars.end(whole)) {
        throw new IOException("the record of a body has changed meanwhile");
      }
    } else {
      var base64 = new HarBase64(out);
      Decoded _ = form == Form.WIRE ? read(List.of(), DecodeLimits.STREAM, base64) : read(base64);
      base64.end();
    }
    out.writeRaw('"');
  }

  /** Holds text as long as it is short. */
  private static final class Collector implements HarChars.Sink {
    private final StringBuilder text = new StringBuilder();

    @Override
    public void accept(char[] chars, int length) {
      if (text.length() <= HarMask.LONGEST) {
        text.append(chars, 0, length);
      }
    }

    String text() {
      return text.toString();
    }
  }
}
