package dev.earshot.content;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The events of a {@code text/event-stream} (WHATWG HTML section 9.2.6). An event is told at its
 * blank line; one that the end cuts is not, nor are comments and blocks without data. Its text is
 * its data; if it has a name, a line {@code event: NAME} comes first. Its bytes are those of its
 * block, from the end of the block before to the end of its blank line.
 */
final class EventStreamReader implements MessageReader {
  private static final byte LF = '\n';
  private static final byte CR = '\r';
  private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final String DATA = "data";
  private static final String EVENT = "event";

  private enum Part {
    NAME,
    SPACE,
    VALUE
  }

  private enum Field {
    DATA,
    EVENT,
    OTHER
  }

  private final Consumer<Message> messages;

  /** Where in a line the next byte is, and the name of its field as far as that is of interest. */
  private Part part = Part.NAME;

  private final byte[] name = new byte[EVENT.length() + 1];
  private int nameLength;
  private Field field = Field.OTHER;
  private boolean lineEmpty = true;

  /** Whether the last byte was a CR, to which an LF would belong. */
  private boolean afterCr;

  /** Whether the line before ended with CR LF. */
  private boolean crLf;

  /** Whether an event lacks nothing but the LF of its blank line. */
  private boolean pending;

  private int bom;
  private final KeptText data = new KeptText();
  private final KeptText event = new KeptText();
  private boolean hasData;
  private long bytes;
  private boolean ended;

  EventStreamReader(Consumer<Message> messages) {
    this.messages = messages;
  }

  @Override
  public void feed(ByteBuffer in) {
    while (in.hasRemaining() && !ended) {
      if (bom < BOM.length) {
        skipBom(in);
      } else if (afterCr) {
        afterCr(in);
      } else {
        line(in);
      }
    }
    in.position(in.limit());
  }

  /** "One leading U+FEFF BYTE ORDER MARK must be ignored if any are present." */
  private void skipBom(ByteBuffer in) {
    if (in.get(in.position()) == BOM[bom]) {
      in.position(in.position() + 1);
      bytes++;
      bom++;
    } else {
      if (bom > 0) {
        // The first line begins with a part of one: with the name of no field that is known.
        lineEmpty = false;
        nameLength = name.length;
      }
      bom = BOM.length;
    }
  }

  private void afterCr(ByteBuffer in) {
    afterCr = false;
    crLf = in.get(in.position()) == LF;
    if (crLf) {
      in.position(in.position() + 1);
      bytes++;
    }
    if (pending) {
      dispatch();
    }
  }

  /** Takes what there is of the present line, with its end if that is there. */
  private void line(ByteBuffer in) {
    int from = in.position();
    int until = lineEnd(in);
    if (until > from) {
      lineEmpty = false;
      bytes += until - from;
      content(in.slice(from, until - from));
      in.position(until);
    }
    if (in.hasRemaining()) {
      bytes++;
      endLine(in.get());
    }
  }

  private static int lineEnd(ByteBuffer in) {
    int at = in.position();
    int limit = in.limit();
    while (at < limit) {
      byte octet = in.get(at);
      if (octet == LF || octet == CR) {
        return at;
      }
      at++;
    }
    return limit;
  }

  private void content(ByteBuffer in) {
    while (part == Part.NAME && in.hasRemaining()) {
      byte octet = in.get();
      if (octet == ':') {
        nameRead();
        part = Part.SPACE;
      } else if (nameLength < name.length) {
        name[nameLength++] = octet;
      }
    }
    if (part == Part.SPACE && in.hasRemaining()) {
      if (in.get(in.position()) == ' ') {
        in.position(in.position() + 1);
      }
      part = Part.VALUE;
    }
    switch (field) {
      case DATA -> data.add(in);
      case EVENT -> event.add(in);
      case OTHER -> {
        // Not of interest.
      }
    }
  }

  private void nameRead() {
    if (isName(DATA)) {
      field = Field.DATA;
      if (hasData) {
        data.add("\n");
      }
      hasData = true;
    } else if (isName(EVENT)) {
      field = Field.EVENT;
      event.clear();
    }
  }

  private boolean isName(String wanted) {
    if (nameLength != wanted.length()) {
      return false;
    }
    for (int i = 0; i < nameLength; i++) {
      if (name[i] != wanted.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private void endLine(byte end) {
    boolean blank = lineEmpty;
    if (!blank && part == Part.NAME) {
      // "Process the field using the whole line as the field name, and the empty string as value."
      nameRead();
    }
    part = Part.NAME;
    nameLength = 0;
    field = Field.OTHER;
    lineEmpty = true;
    afterCr = end == CR;
    if (blank) {
      // After a CR the event is told at once, unless lines end with CR LF here: then its LF
      // follows.
      if (afterCr && crLf) {
        pending = true;
      } else {
        dispatch();
      }
    }
    if (!afterCr) {
      crLf = false;
    }
  }

  private void dispatch() {
    long size = bytes;
    boolean told = hasData;
    KeptText said = data;
    if (told && !event.isEmpty()) {
      said = new KeptText();
      said.add("event: ");
      said.add(event);
      said.add("\n");
      said.add(data);
    }
    Optional<String> text = told ? Optional.of(said.text()) : Optional.empty();
    boolean cut = said.isTruncated();
    pending = false;
    hasData = false;
    bytes = 0;
    data.clear();
    event.clear();
    if (told) {
      messages.accept(new Message(Direction.DOWN, MessageKind.SSE, size, text, cut));
    }
  }

  @Override
  public void close() {
    if (pending && !ended) {
      dispatch();
    }
    ended = true;
    data.clear();
    event.clear();
  }
}
