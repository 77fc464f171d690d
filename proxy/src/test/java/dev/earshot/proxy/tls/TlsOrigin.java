package dev.earshot.proxy.tls;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** A loopback server of the JDK, with or without TLS: greets every client, until it is closed. */
record TlsOrigin(ServerSocket listener, Thread serving, Queue<String> requestedNames)
    implements AutoCloseable {
  static final String GREETING = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

  static TlsOrigin start(SSLContext context, String... protocols) throws IOException {
    var listener =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    if (protocols.length > 0) {
      listener.setEnabledProtocols(protocols);
    }
    return serve(listener);
  }

  static TlsOrigin plain() throws IOException {
    return serve(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
  }

  private static TlsOrigin serve(ServerSocket listener) {
    Queue<String> names = new ConcurrentLinkedQueue<>();
    Thread serving = Thread.ofVirtual().name("origin").start(() -> greetAll(listener, names));
    return new TlsOrigin(listener, serving, names);
  }

  private static void greetAll(ServerSocket listener, Queue<String> names) {
    while (!listener.isClosed()) {
      try (Socket client = listener.accept()) {
        if (client instanceof SSLSocket tls) {
          tls.setHandshakeApplicationProtocolSelector((socket, offered) -> note(socket, names));
          tls.startHandshake();
        }
        client.getOutputStream().write(GREETING.getBytes(StandardCharsets.US_ASCII));
        client.getInputStream().readAllBytes();
      } catch (IOException refusedOrClosed) {
        // The client is the one under test: it says what went wrong.
      }
    }
  }

  /** Called in the handshake, whatever its end will be. */
  private static String note(SSLSocket socket, Queue<String> names) {
    if (socket.getHandshakeSession() instanceof ExtendedSSLSession session) {
      names.add(String.valueOf(session.getRequestedServerNames()));
    }
    return "";
  }

  int port() {
    return listener.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    try {
      serving.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
