package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A client that sends and reads bytes, so that a test sees exactly what is on the wire. */
record RawClient(Socket socket, InputStream in, OutputStream out) implements AutoCloseable {
  private static final int HANG_GUARD_MILLIS = 20_000;

  static RawClient connect(InetSocketAddress address) throws IOException {
    return of(new Socket(address.getAddress(), address.getPort()));
  }

  /** With a receive buffer so small that what is not read soon blocks the sender. */
  static RawClient connectNarrow(InetSocketAddress address) throws IOException {
    var socket = new Socket();
    socket.setReceiveBufferSize(4096);
    socket.connect(address, HANG_GUARD_MILLIS);
    return of(socket);
  }

  private static RawClient of(Socket socket) throws IOException {
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(HANG_GUARD_MILLIS);
    return new RawClient(socket, socket.getInputStream(), socket.getOutputStream());
  }

  /** Sends text; each char is one byte. */
  RawClient send(String text) throws IOException {
    out.write(text.getBytes(ISO_8859_1));
    out.flush();
    return this;
  }

  /** Reads up to and including an empty line. */
  String readHead() throws IOException {
    var bytes = new ByteArrayOutputStream();
    while (!bytes.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("after: " + bytes.toString(ISO_8859_1));
      }
      bytes.write(b);
    }
    return bytes.toString(ISO_8859_1);
  }

  String read(int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException("after: " + new String(bytes, ISO_8859_1));
    }
    return new String(bytes, ISO_8859_1);
  }

  /** Reads until the end of the connection's input. */
  String readAll() throws IOException {
    return new String(in.readAllBytes(), ISO_8859_1);
  }

  /** Asks for a tunnel and returns the head of the answer. */
  String connect(String authority) throws IOException {
    send("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
    return readHead();
  }

  /** Goes on in TLS, with a handshake that names this host. */
  RawClient secure(SSLContext context, String host) throws IOException {
    var secured =
        (SSLSocket) context.getSocketFactory().createSocket(socket, host, socket.getPort(), true);
    secured.startHandshake();
    return new RawClient(secured, secured.getInputStream(), secured.getOutputStream());
  }

  /** Closes with a reset. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
