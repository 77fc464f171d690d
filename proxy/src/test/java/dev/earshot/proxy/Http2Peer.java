package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * One side of a connection of HTTP/2 that sends and reads frames one by one, so that a test decides
 * exactly what is on the wire (RFC 9113 section 4).
 */
final class Http2Peer implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int PRIORITY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;

  /** A setting: the window of each new stream. */
  static final int INITIAL_WINDOW = 4;

  /** Codes of errors (RFC 9113 section 7). */
  static final int CANCEL = 8;

  static final int CALM = 11;

  private static final int HANG_GUARD_MILLIS = 20_000;
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  /** A frame that was read. */
  record Frame(int type, int flags, int stream, String payload, Map<String, String> headers) {
    boolean ends() {
      return (flags & END_STREAM) != 0;
    }

    /** The first four bytes of the payload as a number, such as the code of a reset. */
    int number() {
      return number(0);
    }

    int number(int at) {
      int number = 0;
      for (int i = at; i < at + 4; i++) {
        number = number << 8 | payload.charAt(i);
      }
      return number;
    }
  }

  private final Socket socket;
  private final DataInputStream in;
  private OutputStream out;
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);

  private Http2Peer(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(HANG_GUARD_MILLIS);
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    out = socket.getOutputStream();
  }

  /**
   * A client on a connection that is open, which begins with these settings (pairs of id, value).
   */
  static Http2Peer client(Socket socket, int... settings) throws IOException {
    var peer = new Http2Peer(socket);
    peer.out.write(PREFACE.getBytes(US_ASCII));
    peer.settings(settings);
    return peer;
  }

  /** A client through a tunnel of the proxy. */
  static Http2Peer through(InetSocketAddress proxy, String authority, int... settings)
      throws IOException {
    return through(RawClient.connect(proxy), authority, settings);
  }

  /** The same on a connection to the proxy that is open. */
  static Http2Peer through(RawClient raw, String authority, int... settings) throws IOException {
    String answer = raw.connect(authority);
    if (!answer.startsWith("HTTP/1.1 200")) {
      raw.close();
      throw new IOException(answer);
    }
    return client(raw.socket(), settings);
  }

  /** The next client of a listener, which begins with these settings. */
  static Http2Peer server(ServerSocket listener, int... settings) throws IOException {
    listener.setSoTimeout(HANG_GUARD_MILLIS);
    var peer = new Http2Peer(listener.accept());
    String preface = new String(peer.in.readNBytes(PREFACE.length()), US_ASCII);
    if (!preface.equals(PREFACE)) {
      peer.close();
      throw new IOException("not a preface: " + preface);
    }
    peer.settings(settings);
    return peer;
  }

  /** A listener on a free port of the loopback. */
  static ServerSocket listener() throws IOException {
    return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  Http2Peer frame(int type, int flags, int stream, byte[] payload) throws IOException {
    byte[] bytes = new byte[9 + payload.length];
    bytes[0] = (byte) (payload.length >> 16);
    bytes[1] = (byte) (payload.length >> 8);
    bytes[2] = (byte) payload.length;
    bytes[3] = (byte) type;
    bytes[4] = (byte) flags;
    System.arraycopy(number(stream), 0, bytes, 5, 4);
    System.arraycopy(payload, 0, bytes, 9, payload.length);
    out.write(bytes);
    return this;
  }

  /** What sends frames. */
  interface Sending {
    void to(Http2Peer peer) throws IOException;
  }

  /** Sends these frames, so many times, in one write. */
  Http2Peer together(int times, Sending frames) throws IOException {
    OutputStream wire = out;
    var all = new ByteArrayOutputStream();
    out = all;
    try {
      for (int i = 0; i < times; i++) {
        frames.to(this);
      }
    } finally {
      out = wire;
    }
    wire.write(all.toByteArray());
    return this;
  }

  Http2Peer settings(int... pairs) throws IOException {
    var payload = new ByteArrayOutputStream();
    for (int i = 0; i < pairs.length; i += 2) {
      payload.write(pairs[i] >> 8);
      payload.write(pairs[i]);
      payload.writeBytes(number(pairs[i + 1]));
    }
    return frame(SETTINGS, 0, 0, payload.toByteArray());
  }

  /** Names and values in turn. */
  Http2Peer headers(int stream, int flags, String... fields) throws IOException {
    return frame(HEADERS, flags | END_HEADERS, stream, block(fields));
  }

  Http2Peer get(int stream, String path) throws IOException {
    return headers(stream, END_STREAM, request("GET", path));
  }

  Http2Peer data(int stream, int flags, String text) throws IOException {
    return frame(DATA, flags, stream, text.getBytes(ISO_8859_1));
  }

  Http2Peer reset(int stream, int code) throws IOException {
    return frame(RST_STREAM, 0, stream, number(code));
  }

  Http2Peer window(int stream, int more) throws IOException {
    return frame(WINDOW_UPDATE, 0, stream, number(more));
  }

  /** The fields of a request, those of its own after those that each has. */
  static String[] request(String method, String path, String... more) {
    String[] each = {":method", method, ":scheme", "http", ":authority", "a", ":path", path};
    return Stream.concat(Stream.of(each), Stream.of(more)).toArray(String[]::new);
  }

  /** Literals without indexing (RFC 7541 section 6.2.2), which need no state. */
  static byte[] block(String... fields) {
    var block = new ByteArrayOutputStream();
    for (int i = 0; i < fields.length; i += 2) {
      block.write(0);
      string(block, fields[i]);
      string(block, fields[i + 1]);
    }
    return block.toByteArray();
  }

  private static void string(ByteArrayOutputStream to, String text) {
    int length = text.length();
    if (length < 127) {
      to.write(length);
    } else {
      to.write(127);
      for (length -= 127; length >= 128; length >>= 7) {
        to.write(128 | (length & 127));
      }
      to.write(length);
    }
    to.writeBytes(text.getBytes(ISO_8859_1));
  }

  private static byte[] number(int value) {
    return new byte[] {
      (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value
    };
  }

  /** The next frame, settings acknowledged on the way. */
  Frame read() throws IOException {
    byte[] head = in.readNBytes(9);
    if (head.length < 9) {
      throw new EOFException("the connection ended");
    }
    int length = (head[0] & 255) << 16 | (head[1] & 255) << 8 | (head[2] & 255);
    byte[] payload = in.readNBytes(length);
    int stream =
        (head[5] & 127) << 24 | (head[6] & 255) << 16 | (head[7] & 255) << 8 | (head[8] & 255);
    Map<String, String> headers = head[3] == HEADERS ? decode(stream, payload) : Map.of();
    if (head[3] == SETTINGS && (head[4] & 1) == 0) {
      frame(SETTINGS, 1, 0, new byte[0]);
    }
    return new Frame(head[3], head[4], stream, new String(payload, ISO_8859_1), headers);
  }

  private Map<String, String> decode(int stream, byte[] payload) throws IOException {
    Map<String, String> found = new LinkedHashMap<>();
    try {
      decoder
          .decodeHeaders(stream, Unpooled.wrappedBuffer(payload))
          .forEach(field -> found.put(field.getKey().toString(), field.getValue().toString()));
    } catch (Http2Exception e) {
      throw new IOException(e);
    }
    return found;
  }

  /** The next frame that is of interest. */
  Frame await(Predicate<Frame> wanted) throws IOException {
    Frame frame = read();
    while (!wanted.test(frame)) {
      frame = read();
    }
    return frame;
  }

  Frame await(int type) throws IOException {
    return await(frame -> frame.type() == type);
  }

  /** The text of a stream's DATA, up to its end. */
  String awaitBody(int stream) throws IOException {
    var text = new StringBuilder();
    Frame frame;
    do {
      frame = await(each -> each.type() == DATA && each.stream() == stream);
      text.append(frame.payload());
    } while (!frame.ends());
    return text.toString();
  }

  /** Whether the other side closed the connection, however much it said before. */
  boolean closed() throws IOException {
    try {
      while (true) {
        var _ = read();
      }
    } catch (EOFException | java.net.SocketException end) {
      return true;
    }
  }

  /** Sends nothing more, but goes on reading. */
  void endOutput() throws IOException {
    socket.shutdownOutput();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
