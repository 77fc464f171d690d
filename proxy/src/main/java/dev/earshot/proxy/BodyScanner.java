package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.List;

/**
 * Finds the end of one message's body in the bytes as they come, without changing or copying them.
 * Of a chunked body it checks every byte of framing (RFC 9112 section 7.1) and keeps the trailers.
 * Once it is finished or at fault it takes nothing more. For one thread.
 */
final class BodyScanner {
  /** Gets the runs of bytes that are content, not framing, as offsets into the scanned buffer. */
  @FunctionalInterface
  interface Content {
    void run(int from, int length);
  }

  private static final Content NOBODY = (from, length) -> {};

  /** A size of 15 hexadecimal digits fits a long. */
  private static final int MAX_SIZE_DIGITS = 15;

  private enum State {
    COUNTING,
    UNTIL_CLOSE,
    SIZE,
    EXTENSION,
    EXTENSION_NAME_START,
    EXTENSION_NAME,
    EXTENSION_VALUE_START,
    EXTENSION_VALUE,
    QUOTED,
    QUOTED_PAIR,
    AFTER_QUOTED,
    LINE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILERS,
    FINISHED,
    FAULTY
  }

  private final int maxLine;
  private final int maxTrailers;
  private State state;
  private long left;
  private long content;
  private int digits;
  private int line;
  private byte[] trailerBytes = {};
  private int trailerLength;
  private List<Header> trailers = List.of();
  private String fault = "";

  /** For a body with this framing, which must not be {@link Framing.Refused}. */
  BodyScanner(Framing framing, ProxyLimits limits) {
    maxLine = limits.chunkLineBytes();
    maxTrailers = limits.trailerBytes();
    state =
        switch (framing) {
          case Framing.None() -> State.FINISHED;
          case Framing.Length(var bytes) -> bytes == 0 ? State.FINISHED : State.COUNTING;
          case Framing.Chunked() -> State.SIZE;
          case Framing.UntilClose() -> State.UNTIL_CLOSE;
          case Framing.Stream() -> throw new IllegalArgumentException("not of HTTP/1");
          case Framing.Refused(var reason) -> throw new IllegalArgumentException(reason);
        };
    left = framing instanceof Framing.Length(var bytes) ? bytes : 0;
  }

  /** Whether the body has ended. */
  boolean finished() {
    return state == State.FINISHED;
  }

  /** Whether the body ends where the connection does. */
  boolean untilClose() {
    return state == State.UNTIL_CLOSE;
  }

  /** Why the body is malformed; empty if it is not. */
  String fault() {
    return fault;
  }

  /** The trailers, once finished. */
  List<Header> trailers() {
    return trailers;
  }

  /** How many bytes of content were seen so far, without the framing of chunks. */
  long contentBytes() {
    return content;
  }

  /** How many of the bytes from {@code from} to {@code to} belong to the body. */
  int scan(ByteBuf in, int from, int to) {
    return scan(in, from, to, NOBODY);
  }

  /** The same, telling where the content is. */
  int scan(ByteBuf in, int from, int to, Content content) {
    int at = from;
    while (at < to && state != State.FINISHED && state != State.FAULTY) {
      switch (state) {
        case COUNTING, DATA -> {
          int run = (int) Math.min(left, to - at);
          content.run(at, run);
          this.content += run;
          at += run;
          left -= run;
          if (left == 0) {
            state = state == State.COUNTING ? State.FINISHED : State.DATA_CR;
          }
        }
        case UNTIL_CLOSE -> {
          content.run(at, to - at);
          this.content += to - at;
          at = to;
        }
        default -> {
          framing(in.getByte(at));
          // A byte at fault is not the body's, so that no count includes it.
          at += state == State.FAULTY ? 0 : 1;
        }
      }
    }
    return at - from;
  }

  private void framing(byte b) {
    switch (state) {
      case SIZE -> size(b);
      case EXTENSION, AFTER_QUOTED -> extension(b);
      case EXTENSION_NAME_START, EXTENSION_NAME -> extensionName(b);
      case EXTENSION_VALUE_START -> {
        if (b == '"') {
          next(State.QUOTED);
        } else if (!isSpace(b)) {
          extensionToken(b);
        }
        countLine();
      }
      case EXTENSION_VALUE -> {
        if (HeadParser.isToken(b)) {
          countLine();
        } else {
          extension(b);
        }
      }
      case QUOTED, QUOTED_PAIR -> quoted(b);
      case LINE_LF -> {
        if (b != '\n') {
          wrong("a bare CR in a chunk-size line");
        } else {
          next(left == 0 ? State.TRAILERS : State.DATA);
          line = 0;
          digits = 0;
        }
      }
      case DATA_CR -> expect(b, '\r', State.DATA_LF);
      case DATA_LF -> {
        expect(b, '\n', State.SIZE);
        left = 0;
      }
      case TRAILERS -> trailer(b);
      case COUNTING, UNTIL_CLOSE, DATA, FINISHED, FAULTY ->
          throw new IllegalStateException("no framing in " + state);
    }
  }

  private void size(byte b) {
    int digit = Character.digit((char) (b & 0xff), 16);
    if (digit >= 0) {
      if (++digits > MAX_SIZE_DIGITS) {
        wrong("a chunk size of more than %d digits".formatted(MAX_SIZE_DIGITS));
        return;
      }
      left = left * 16 + digit;
      countLine();
    } else if (digits == 0) {
      wrong("bad chunk size");
    } else if (b == '\r' || b == ';') {
      extension(b);
    } else if (isSpace(b)) {
      next(State.EXTENSION);
      countLine();
    } else {
      wrong("bad chunk size");
    }
  }

  /** After a size, or after a whole extension: white space, the next extension, or the end. */
  private void extension(byte b) {
    if (b == ';') {
      next(State.EXTENSION_NAME_START);
    } else if (b == '\r' && state != State.EXTENSION) {
      next(State.LINE_LF);
    } else if (isSpace(b)) {
      next(State.EXTENSION);
    } else {
      wrong("bad chunk extension");
    }
    countLine();
  }

  private void extensionName(byte b) {
    if (HeadParser.isToken(b)) {
      next(State.EXTENSION_NAME);
    } else if (state == State.EXTENSION_NAME_START) {
      if (!isSpace(b)) {
        wrong("bad chunk extension");
      }
    } else if (b == '=') {
      next(State.EXTENSION_VALUE_START);
    } else {
      extension(b);
      return;
    }
    countLine();
  }

  private void extensionToken(byte b) {
    if (HeadParser.isToken(b)) {
      next(State.EXTENSION_VALUE);
    } else {
      wrong("bad chunk extension");
    }
  }

  private void quoted(byte b) {
    boolean text = b == '\t' || b >= ' ' || b < 0;
    if (!text || b == 0x7f) {
      wrong("bad character in a quoted chunk extension");
    } else if (state == State.QUOTED_PAIR) {
      next(State.QUOTED);
    } else if (b == '\\') {
      next(State.QUOTED_PAIR);
    } else if (b == '"') {
      next(State.AFTER_QUOTED);
    }
    countLine();
  }

  private void trailer(byte b) {
    if (trailerLength == trailerBytes.length) {
      trailerBytes = Arrays.copyOf(trailerBytes, Math.clamp(trailerLength * 2L, 128, maxTrailers));
    }
    if (trailerLength == maxTrailers) {
      wrong("trailers of more than %d bytes".formatted(maxTrailers));
      return;
    }
    trailerBytes[trailerLength++] = b;
    // Lines are checked as they end, so that a bare LF does not wait for an empty line.
    if (b == '\n' || trailerLength == 1) {
      switch (HeadParser.trailers(trailerBytes, trailerLength)) {
        case ParsedHead.Complete<List<Header>>(var read, _) -> {
          trailers = read;
          next(State.FINISHED);
        }
        case ParsedHead.NeedMore<List<Header>>() -> {}
        case ParsedHead.Malformed<List<Header>>(var reason, _) -> wrong("trailers: " + reason);
      }
    }
  }

  private void expect(byte b, char expected, State then) {
    if (b == expected) {
      next(then);
    } else {
      wrong("no CRLF after the data of a chunk");
    }
  }

  private void countLine() {
    if (++line > maxLine && state != State.FAULTY) {
      wrong("a chunk-size line of more than %d bytes".formatted(maxLine));
    }
  }

  private void next(State then) {
    state = then;
  }

  private void wrong(String why) {
    fault = why;
    state = State.FAULTY;
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t';
  }
}
