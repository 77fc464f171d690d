package dev.earshot.content;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one direction of a WebSocket (RFC 6455 section 5), with or without
 * permessage-deflate (RFC 7692). Text and binary messages are told when their last frame has come,
 * a close when its frame has; pings and pongs are not. Frames that may not be end it, as does a
 * message that inflates to more than {@link #MOST_INFLATED} bytes.
 */
final class WebSocketReader implements MessageReader {
  /** A compressed message takes time in proportion to what it inflates to. */
  static final long MOST_INFLATED = 256L * 1024 * 1024;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final int FIN = 0x80;
  private static final int COMPRESSED = 0x40;
  private static final int OTHER_RESERVED = 0x30;
  private static final int MASKED = 0x80;
  private static final int CONTROL = 8;
  private static final int LONGEST_CONTROL = 125;

  private static final int CONTINUATION = 0;
  private static final int TEXT = 1;
  private static final int BINARY = 2;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;

  /** RFC 7692 section 7.2.2: what the sender left out at the end of each message. */
  private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

  private final Direction direction;
  private final Consumer<Message> messages;

  /** There if compression was negotiated. */
  private final @Nullable Inflation inflation;

  private final boolean contextTakeover;

  /** The head of a frame: two bytes, the longer length, the masking key. */
  private final byte[] head = new byte[14];

  private int headLength;
  private int headWanted = 2;

  /** Of the present frame. */
  private int opcode;

  private boolean fin;
  private boolean masked;
  private long payload;
  private long payloadRead;
  private boolean inPayload;

  /** The key, twice over, from the first byte of the payload. */
  private long key;

  /** Of the present message; 0 between messages. */
  private int messageOpcode;

  private boolean messageCompressed;
  private long messageBytes;
  private final KeptText text = new KeptText();
  private final byte[] closing = new byte[LONGEST_CONTROL];
  private byte[] chunk = {};
  private boolean ended;

  private WebSocketReader(
      Direction direction,
      Consumer<Message> messages,
      @Nullable Inflation inflation,
      boolean contextTakeover) {
    this.direction = direction;
    this.messages = messages;
    this.inflation = inflation;
    this.contextTakeover = contextTakeover;
  }

  /** Of a direction in which nothing may be compressed. */
  static WebSocketReader plain(Direction direction, Consumer<Message> messages) {
    return new WebSocketReader(direction, messages, null, false);
  }

  /**
   * Of a direction in which messages may be compressed.
   *
   * @param contextTakeover whether a message may refer to those before it
   */
  static WebSocketReader compressed(
      Direction direction, Consumer<Message> messages, boolean contextTakeover) {
    return new WebSocketReader(direction, messages, Inflation.raw(), contextTakeover);
  }

  @Override
  public void feed(ByteBuffer bytes) {
    while (bytes.hasRemaining() && !ended) {
      if (inPayload) {
        payload(bytes);
      } else {
        head[headLength++] = bytes.get();
        if (headLength == headWanted) {
          headRead();
        }
      }
    }
    bytes.position(bytes.limit());
  }

  private void headRead() {
    if (headLength == 2) {
      int length = head[1] & 0x7F;
      masked = (head[1] & MASKED) != 0;
      headWanted += (length == 126 ? 2 : length == 127 ? 8 : 0) + (masked ? 4 : 0);
      if (headWanted > 2) {
        return;
      }
    }
    opcode = head[0] & 0x0F;
    fin = (head[0] & FIN) != 0;
    payload = length();
    key = masked ? key() : 0;
    headLength = 0;
    headWanted = 2;
    payloadRead = 0;
    inPayload = true;
    if (!mayBe()) {
      end();
      return;
    }
    begin();
    if (payload == 0) {
      frameRead();
    }
  }

  private long length() {
    int length = head[1] & 0x7F;
    return switch (length) {
      case 126 -> (head[2] & 0xFFL) << 8 | (head[3] & 0xFF);
      case 127 -> (long) LONGS.get(head, 2);
      default -> length;
    };
  }

  private long key() {
    long once = 0;
    for (int i = headLength - 4; i < headLength; i++) {
      once = once << 8 | (head[i] & 0xFF);
    }
    return once << 32 | once;
  }

  /** RFC 6455 sections 5.2, 5.4 and 5.5, RFC 7692 section 6. */
  private boolean mayBe() {
    boolean compressed = (head[0] & COMPRESSED) != 0;
    if ((head[0] & OTHER_RESERVED) != 0 || payload < 0) {
      return false;
    }
    return switch (opcode) {
      case CONTINUATION -> messageOpcode != 0 && !compressed;
      case TEXT, BINARY -> messageOpcode == 0 && (!compressed || inflation != null);
      case CLOSE -> fin && !compressed && payload <= LONGEST_CONTROL && payload != 1;
      case PING, PONG -> fin && !compressed && payload <= LONGEST_CONTROL;
      default -> false;
    };
  }

  /** Begins a message with its first frame. */
  private void begin() {
    if (opcode == TEXT || opcode == BINARY) {
      messageOpcode = opcode;
      messageCompressed = (head[0] & COMPRESSED) != 0;
      messageBytes = 0;
      text.clear();
      if (messageCompressed && !contextTakeover && inflation != null) {
        inflation.reset();
      }
    }
  }

  private void payload(ByteBuffer bytes) {
    int here = (int) Math.min(bytes.remaining(), payload - payloadRead);
    if (!isLookedAt()) {
      bytes.position(bytes.position() + here);
      payloadRead += here;
    } else if (masked) {
      here = unmask(bytes, here);
      look(ByteBuffer.wrap(chunk, 0, here));
    } else {
      ByteBuffer part = bytes.slice(bytes.position(), here);
      bytes.position(bytes.position() + here);
      payloadRead += here;
      look(part);
    }
    if (!ended && payloadRead == payload) {
      frameRead();
    }
  }

  private boolean isLookedAt() {
    return opcode == CLOSE
        || (opcode < CONTROL
            && (messageCompressed || (messageOpcode == TEXT && text.length() < KeptText.MOST)));
  }

  /** Takes a chunk of the payload without its mask (RFC 6455 section 5.3). Returns its length. */
  private int unmask(ByteBuffer bytes, int most) {
    if (chunk.length == 0) {
      chunk = new byte[Coding.CHUNK];
    }
    int length = Math.min(most, chunk.length);
    bytes.get(chunk, 0, length);
    long turned = Long.rotateLeft(key, (int) (payloadRead & 3) * 8);
    int i = 0;
    for (; i <= length - Long.BYTES; i += Long.BYTES) {
      LONGS.set(chunk, i, (long) LONGS.get(chunk, i) ^ turned);
    }
    for (; i < length; i++) {
      chunk[i] ^= (byte) (turned >>> (56 - 8 * (i & 7)));
    }
    payloadRead += length;
    return length;
  }

  private void look(ByteBuffer part) {
    if (opcode == CLOSE) {
      int end = (int) payloadRead;
      part.get(closing, end - part.remaining(), part.remaining());
    } else if (messageCompressed) {
      inflate(part);
    } else {
      text.add(part);
    }
  }

  private void inflate(ByteBuffer part) {
    Inflation inflater = inflation;
    if (inflater == null) {
      return;
    }
    try {
      do {
        if (inflater.finished()) {
          // A last block within the message (RFC 7692 section 7.2.3.4); another stream follows.
          inflater.reset();
        }
        inflater.feed(part, this::inflated);
      } while (part.hasRemaining());
    } catch (StopDecoding e) {
      end();
    }
  }

  private void inflated(ByteBuffer bytes) throws StopDecoding {
    messageBytes += bytes.remaining();
    if (messageBytes > MOST_INFLATED) {
      throw StopDecoding.cut("a message inflates to more than is looked at");
    }
    if (messageOpcode == TEXT) {
      text.add(bytes);
    }
  }

  private void frameRead() {
    inPayload = false;
    if (opcode == CLOSE) {
      closeRead();
    } else if (opcode < CONTROL) {
      if (!messageCompressed) {
        messageBytes += payload;
      }
      if (fin) {
        messageRead();
      }
    }
  }

  private void messageRead() {
    if (messageCompressed) {
      inflate(ByteBuffer.wrap(TAIL));
      if (ended) {
        return;
      }
    }
    boolean isText = messageOpcode == TEXT;
    boolean cut = isText && messageBytes > text.length();
    if (cut) {
      text.truncate();
    }
    messageOpcode = 0;
    messages.accept(
        new Message(
            direction,
            isText ? MessageKind.WS_TEXT : MessageKind.WS_BINARY,
            messageBytes,
            isText ? Optional.of(text.text()) : Optional.empty(),
            cut));
    text.clear();
  }

  /** RFC 6455 section 5.5.1: a code and a reason, or nothing; and nothing comes after it. */
  private void closeRead() {
    Optional<String> said = Optional.empty();
    if (payload > 0) {
      int code = (closing[0] & 0xFF) << 8 | (closing[1] & 0xFF);
      String reason = new String(closing, 2, (int) payload - 2, StandardCharsets.UTF_8);
      said = Optional.of(reason.isEmpty() ? "" + code : code + " " + reason);
    }
    end();
    messages.accept(new Message(direction, MessageKind.WS_CLOSE, payload, said, false));
  }

  private void end() {
    ended = true;
    text.clear();
    chunk = new byte[0];
    if (inflation != null) {
      inflation.close();
    }
  }

  @Override
  public void close() {
    end();
  }
}
