package dev.earshot.content;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the content codings off a body (RFC 9110 section 8.4) as its bytes come: gzip, deflate
 * (zlib or raw), br, zstd and identity, up to four on top of each other. What can be decoded by now
 * is given out within {@link #feed}, so that a flushed event is seen at once.
 *
 * <p>Bounded by its limits; it holds windows of at most 32 KiB (gzip, deflate), 16 MiB (br) and 8
 * MiB (zstd) for each coding, and only as much as was decoded for br. Never throws on any input.
 * Not thread-safe. The first one for zstd in a process loads a library, unless {@link #warmUp} did.
 */
public final class ContentDecoder implements AutoCloseable {
  /** More codings on top of each other are not decoded. */
  static final int MOST_CODINGS = 4;

  private static final int LONGEST_NAME = 32;

  private final DecodeLimits limits;
  private final DecodeMemory memory;
  private final Consumer<ByteBuffer> out;

  /** The coding that was applied last comes first. */
  private final List<Coding> codings;

  private final Coding.Output input;
  private long held;
  private long encoded;
  private long decoded;
  private @Nullable Decoded verdict;
  private boolean closed;
  private boolean feeding;

  private ContentDecoder(
      List<Coding> codings,
      DecodeLimits limits,
      DecodeMemory memory,
      Consumer<ByteBuffer> out,
      Optional<String> why) {
    this.codings = codings;
    this.limits = limits;
    this.memory = memory;
    this.out = out;
    this.verdict = why.map(Decoded.Undecodable::new).orElse(null);
    Coding.Output next = this::give;
    for (Coding coding : codings.reversed()) {
      next = into(coding, next);
    }
    this.input = next;
  }

  /**
   * A decoder for the body under these headers, of which only {@code Content-Encoding} counts.
   *
   * @param memory shared with others
   * @param out takes the decoded bytes; a buffer is read-only and valid during the call
   */
  public static ContentDecoder of(
      List<Header> headers, DecodeLimits limits, DecodeMemory memory, Consumer<ByteBuffer> out) {
    List<String> names = codings(headers);
    Optional<String> problem = problem(names);
    List<Coding> codings = new ArrayList<>();
    if (problem.isEmpty()) {
      names.reversed().forEach(name -> codings.add(coding(name)));
    }
    return new ContentDecoder(codings, limits, memory, out, problem);
  }

  /**
   * Does now, on a thread that may block, what the first decoder for zstd would do otherwise: loads
   * its library and has it decode something, which takes some hundreds of milliseconds.
   */
  public static void warmUp() {
    try (var decoder =
        of(
            List.of(new Header("Content-Encoding", "zstd")),
            DecodeLimits.DEFAULT,
            new DecodeMemory(DecodeMemory.DEFAULT_BYTES),
            bytes -> {})) {
      decoder.feed(
          ByteBuffer.wrap(new byte[] {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, 0, 1, 0, 0}));
    }
  }

  /** The names of a body's codings in lower case, in the order they were applied, less identity. */
  public static List<String> codings(List<Header> headers) {
    List<String> names = new ArrayList<>();
    for (String value : Headers.all(headers, "Content-Encoding")) {
      for (String part : value.split(",", -1)) {
        String name = part.strip().toLowerCase(Locale.ROOT);
        if (!name.isEmpty() && !name.equals("identity")) {
          names.add(name);
        }
      }
    }
    return List.copyOf(names);
  }

  private static Optional<String> problem(List<String> names) {
    if (names.size() > MOST_CODINGS) {
      return Optional.of("more than %d content codings".formatted(MOST_CODINGS));
    }
    for (String name : names) {
      switch (name) {
        case "gzip", "x-gzip", "deflate", "br" -> {
          // Always there.
        }
        case "zstd" -> {
          if (ZstdLibrary.problem().isPresent()) {
            return ZstdLibrary.problem();
          }
        }
        default -> {
          String shown = name.substring(0, Math.min(name.length(), LONGEST_NAME));
          return Optional.of("content coding '%s' is not known".formatted(shown));
        }
      }
    }
    return Optional.empty();
  }

  private static Coding coding(String name) {
    return switch (name) {
      case "gzip", "x-gzip" -> new GzipCoding();
      case "deflate" -> new DeflateCoding();
      case "br" -> new BrotliCoding();
      case "zstd" -> new ZstdCoding();
      default -> throw new IllegalArgumentException("not a coding: " + name);
    };
  }

  /** The limit of the size holds between two codings as well. */
  private Coding.Output into(Coding coding, Coding.Output next) {
    return new Coding.Output() {
      private long between;

      @Override
      public void accept(ByteBuffer bytes) throws StopDecoding {
        if (coding != codings.getFirst()) {
          between += bytes.remaining();
          check(between);
        }
        coding.feed(bytes, next);
      }
    };
  }

  /**
   * Takes the next bytes of the body, all of them. After the end, after {@link #close} and once
   * nothing more can be decoded, they are ignored.
   */
  public void feed(ByteBuffer bytes) {
    if (verdict == null && !closed) {
      encoded += bytes.remaining();
      feeding = true;
      try {
        input.accept(bytes);
        account();
      } catch (StopDecoding e) {
        stop(e);
      } finally {
        feeding = false;
        if (closed || verdict != null) {
          release();
        }
      }
    }
    bytes.position(bytes.limit());
  }

  private void stop(StopDecoding why) {
    if (!closed) {
      verdict =
          switch (why.reason()) {
            case DAMAGED -> new Decoded.Damaged(decoded, why.why());
            case CUT -> new Decoded.Cut(decoded, why.why());
          };
    }
  }

  /** What is held by now counts, and may be too much. */
  private void account() throws StopDecoding {
    long now = codings.stream().mapToLong(Coding::memory).sum();
    if (now > held && !memory.take(now - held)) {
      throw StopDecoding.cut(
          "the bodies that are being decoded need more than %d bytes".formatted(memory.most()));
    }
    held = Math.max(now, held);
  }

  private void give(ByteBuffer bytes) throws StopDecoding {
    if (closed) {
      throw StopDecoding.cut("closed by the one who takes the bytes");
    }
    long room = limits.bytes() - decoded;
    if (bytes.remaining() > room) {
      ByteBuffer first = bytes.slice(bytes.position(), (int) room);
      decoded += room;
      if (room > 0) {
        out.accept(first.asReadOnlyBuffer());
      }
      throw tooLarge();
    }
    decoded += bytes.remaining();
    out.accept(bytes.isReadOnly() ? bytes : bytes.asReadOnlyBuffer());
    bytes.position(bytes.limit());
    checkRatio(decoded);
  }

  private void check(long size) throws StopDecoding {
    if (size > limits.bytes()) {
      throw tooLarge();
    }
    checkRatio(size);
  }

  private StopDecoding tooLarge() {
    return StopDecoding.cut("decoded to more than %d bytes".formatted(limits.bytes()));
  }

  private void checkRatio(long size) throws StopDecoding {
    if (size > DecodeLimits.RATIO_FROM && size / limits.ratio() >= encoded) {
      throw StopDecoding.cut("decoded to more than %d times its size".formatted(limits.ratio()));
    }
  }

  /** Says that the body has ended, and what became of it. Later calls say the same. */
  public Decoded end() {
    Decoded said = verdict;
    if (said == null) {
      said = encoded == 0 ? new Decoded.Whole(0) : ended();
      verdict = said;
    }
    close();
    return said;
  }

  private Decoded ended() {
    boolean whole = !closed;
    long trailing = 0;
    for (Coding coding : codings) {
      whole = whole && coding.end();
      trailing += coding.trailing();
    }
    if (!whole) {
      return new Decoded.Unfinished(decoded);
    }
    return trailing > 0 ? new Decoded.Trailing(decoded, trailing) : new Decoded.Whole(decoded);
  }

  /**
   * Releases what is held; for a body that will not be decoded to its end. May be called by the one
   * who takes the bytes.
   */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      // What decodes right now is released when it comes back.
      if (!feeding) {
        release();
      }
    }
  }

  private void release() {
    codings.forEach(Coding::close);
    memory.give(held);
    held = 0;
  }
}
